"""Guards that each break one promise, and nothing else that they can help."""

import asyncio
import random
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from altiplano_sdk import (
    Context,
    Grants,
    GuardPoint,
    GuardRequest,
    GuardVerdict,
    Manifest,
    PermanentError,
    StageKind,
)

EVERYTHING = Grants(
    network_hosts=("api.example.org",),
    model_use=True,
    embedding_use=True,
    secrets=("API_KEY",),
    storage_bytes=10_000,
    seconds=2,
)


class NoConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Sound:
    """Keeps every promise; the others differ in one thing."""

    manifest: ClassVar[Manifest] = Manifest(
        id="sound",
        version="1.0.0",
        kind=StageKind.GUARD,
        title="A",
        summary="B.",
        grants=EVERYTHING,
    )
    Config = NoConfig
    points: ClassVar[tuple[GuardPoint, ...]] = (GuardPoint.ANSWER,)

    def __init__(self, config: NoConfig) -> None:
        self.config = config

    async def check(self, request: GuardRequest, ctx: Context) -> GuardVerdict:
        if ctx.embed is not None:
            await ctx.embed.embed_query(request.answer)
        return GuardVerdict()


class ReturnsAList(Sound):
    async def check(self, request, ctx):
        return GuardVerdict(citations=[])  # type: ignore[arg-type]


class ReturnsNotANumber(Sound):
    async def check(self, request, ctx):
        return GuardVerdict(scores={"chance": float("nan")})


class BlocksWithoutAWord(Sound):
    async def check(self, request, ctx):
        return GuardVerdict("block")


class DependsOnChance(Sound):
    async def check(self, request, ctx):
        return GuardVerdict(scores={"luck": random.random()})


class FailsOnEmptyText(Sound):
    async def check(self, request, ctx):
        return GuardVerdict(reason=request.answer[:1] or request.answer[0])


class IsSlowWithLongText(Sound):
    async def check(self, request, ctx):
        await asyncio.sleep(len(request.answer) / 5_000)
        return GuardVerdict()


class WillNotStop(Sound):
    async def check(self, request, ctx):
        try:
            return await super().check(request, ctx)
        except asyncio.CancelledError:
            return GuardVerdict()


class MixesCalls(Sound):
    async def check(self, request, ctx):
        self.answer = request.answer
        await super().check(request, ctx)
        return GuardVerdict(reason=self.answer[:200])


class StoresAgainAndAgain(Sound):
    async def check(self, request, ctx):
        if ctx.store is not None:
            count = len(await ctx.store.keys())
            await ctx.store.put(f"seen-{count}", b"1")
        return GuardVerdict()


class RaisesSomethingElse(Sound):
    async def check(self, request, ctx):
        try:
            return await super().check(request, ctx)
        except PermanentError:
            raise
        except Exception as error:
            raise RuntimeError("embedding failed") from error


class NeedsWhatIsNotGranted(Sound):
    async def check(self, request, ctx):
        await ctx.embed.embed_query("x")
        return GuardVerdict()


class TellsNothing(Sound):
    async def check(self, request, ctx):
        raise PermanentError("nope")


class RemembersForAll(Sound):
    seen: ClassVar[list[str]] = []

    async def check(self, request, ctx):
        self.seen.append(request.answer)
        return GuardVerdict(reason=str(len(self.seen)))


class CallsAnotherHost(Sound):
    async def check(self, request, ctx):
        if ctx.http is not None:
            try:
                await ctx.http.request("GET", "https://evil.example.org/")
            except PermanentError:
                return GuardVerdict()
        return GuardVerdict()


class WantsAnotherSecret(Sound):
    async def check(self, request, ctx):
        return GuardVerdict(reason=str((ctx.secrets or {}).get("ROOT_PASSWORD", "none")))


class AsksTheModelForever(Sound):
    async def check(self, request, ctx):
        for _ in range(300):
            if ctx.embed is not None:
                await ctx.embed.embed_query("x")
        return GuardVerdict()


class TellsSecrets(Sound):
    async def check(self, request, ctx):
        return GuardVerdict(reason=f"asked with {(ctx.secrets or {}).get('API_KEY')}")


class LogsSecrets(Sound):
    async def check(self, request, ctx):
        ctx.log.info("asked", key=(ctx.secrets or {}).get("API_KEY"))
        return GuardVerdict()
