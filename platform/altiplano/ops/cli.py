"""``altiplano``: the operator's command. Each subcommand is one function of another module.

Commands that need the database set Django up first; the others start without it.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from altiplano.config import env
from altiplano.ops.supervisor.home import Home, HomeError, default_home, prepare_home

Command = Callable[[argparse.Namespace], int]
KINDS = ("public", "non-profit", "for-profit", "academic")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 1 a problem that was said in a sentence, 2 a wrong command line."""
    options = build_parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except (env.SettingError, HomeError) as error:
        return complain(str(error))
    except KeyboardInterrupt:
        return complain("interrupted")


def complain(sentence: str) -> int:
    sys.stderr.write(f"altiplano: {sentence}\n")
    return 1


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="altiplano", description="Run and look after an Altiplano platform."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, summary: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=summary, description=summary)
        one.set_defaults(command=command)
        return one

    up = add("up", run_up, "start everything in the foreground; Ctrl-C stops it")
    up.add_argument("--no-demo", action="store_true", help="without the demo organization")
    add("prepare", run_prepare, "bring the database up to date; `up` does this by itself")
    add("down", run_down, "stop what `up` started")
    consuming = add(
        "consuming", run_consuming, "whether workers have lately taken work from queues"
    )
    consuming.add_argument("queues", nargs="+", metavar="QUEUE")
    status = add("status", run_status, "say what runs and whether it works")
    status.add_argument("--json", action="store_true", help="as one JSON object")
    doctor = add("doctor", run_doctor, "say what is missing on this machine and how to get it")
    doctor.add_argument("--json", action="store_true", help="as one JSON object")
    backup = add("backup", run_backup, "copy database and files, consistently, into one archive")
    backup.add_argument("--to", type=Path, required=True, metavar="FILE.tar")
    backup.add_argument(
        "--with-secret-key",
        action="store_true",
        help="include the key that seals model keys and sessions; keep such an archive safe",
    )
    restore = add("restore", run_restore, "fill an empty home from an archive")
    restore.add_argument("--from", dest="source", type=Path, required=True, metavar="FILE.tar")
    seed = add("seed-demo", run_seed_demo, "make the demo organization, documents and app")
    seed.add_argument("--wait", action="store_true", help="until the documents are searchable")
    seed.add_argument("--quiet", action="store_true", help="print nothing but problems")
    organization = add("organization", lambda _: 2, "make organizations")
    actions = organization.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="an organization with a confirmed owner")
    create.add_argument("--name", required=True)
    create.add_argument("--kind", required=True, choices=KINDS)
    create.add_argument("--owner", required=True, metavar="EMAIL")
    create.set_defaults(command=run_organization_create)
    staff = add("staff", lambda _: 2, "make people who look after the platform")
    staff_actions = staff.add_subparsers(required=True, metavar="ACTION")
    make = staff_actions.add_parser("create", help="a person with all rights in the dashboard")
    make.add_argument("--email", required=True)
    make.set_defaults(command=run_staff_create)
    return parser


# --- Processes --------------------------------------------------------------------------------


def run_up(options: argparse.Namespace) -> int:
    from altiplano.ops.supervisor.parts import PlanError
    from altiplano.ops.supervisor.record import AlreadyRunningError
    from altiplano.ops.supervisor.supervision import run_supervisor

    try:
        return run_supervisor(default_home().root, seed=not options.no_demo)
    except (PlanError, AlreadyRunningError) as error:
        return complain(str(error))


def run_down(_: argparse.Namespace) -> int:
    from altiplano.ops.supervisor.control import stop_running

    sentence, stopped = stop_running(default_home())
    sys.stdout.write(sentence + "\n")
    return 0 if stopped else 1


def run_status(options: argparse.Namespace) -> int:
    from altiplano.ops.supervisor.control import running_status

    status = running_status(default_home())
    sys.stdout.write((json.dumps(status.as_json()) if options.json else status.as_text()) + "\n")
    return 0 if status.is_ready else 1


def run_doctor(options: argparse.Namespace) -> int:
    from altiplano.ops.doctor import as_json, as_text, examine

    findings = examine(default_home())
    sys.stdout.write((json.dumps(as_json(findings)) if options.json else as_text(findings)) + "\n")
    return 1 if any(finding.level == "missing" for finding in findings) else 0


# --- Data -------------------------------------------------------------------------------------


def setup_django() -> Home:
    """Django is ready to use the home's database, and the broker when one runs beside it."""
    home = prepare_home(default_home().root)
    if not env.read_secret("REDIS_URL") and home.broker_url.exists():
        os.environ["ALTIPLANO_REDIS_URL_FILE"] = str(home.broker_url)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "altiplano.config.settings")
    import django
    from django.conf import settings

    django.setup()
    # A command may end before a background thread has told the broker of a job.
    settings.JOB_PUBLISHER = "altiplano.config.celery.publish_job"
    return home


def run_prepare(_: argparse.Namespace) -> int:
    setup_django()
    from altiplano.ops.prepare import prepare_database

    for line in prepare_database():
        sys.stdout.write(line + "\n")
    return 0


def run_consuming(options: argparse.Namespace) -> int:
    """For health checks of containers: 0 when every queue has a fresh heartbeat."""
    setup_django()
    from altiplano.ops.health import queues_that_beat

    beats = queues_that_beat(options.queues)
    silent = [queue for queue, fresh in beats.items() if not fresh]
    return complain(f"nothing is taken from: {', '.join(silent)}") if silent else 0


def run_backup(options: argparse.Namespace) -> int:
    home = setup_django()
    from altiplano.ops.backup import BackupError, write_backup

    try:
        written = write_backup(home, options.to, with_secret_key=options.with_secret_key)
    except BackupError as error:
        return complain(str(error))
    sys.stdout.write(written.as_text() + "\n")
    return 0


def run_restore(options: argparse.Namespace) -> int:
    from altiplano.ops.restore import RestoreError, restore_backup

    try:
        restored = restore_backup(options.source, default_home())
    except RestoreError as error:
        return complain(str(error))
    sys.stdout.write(restored + "\n")
    return 0


def run_seed_demo(options: argparse.Namespace) -> int:
    home = setup_django()
    from altiplano.kernel.errors import DomainError
    from altiplano.ops.seed import DemoNotReadyError, seed_demo

    try:
        demo = seed_demo(home, wait=options.wait)
    except (DomainError, DemoNotReadyError) as error:
        return complain(str(error))
    if not options.quiet:
        sys.stdout.write(json.dumps(demo) + "\n")
    return 0


def run_organization_create(options: argparse.Namespace) -> int:
    setup_django()
    from altiplano.kernel.errors import DomainError
    from altiplano.ops.operators import create_owned_organization

    try:
        created = create_owned_organization(
            name=options.name, kind=options.kind, owner_email=options.owner
        )
    except DomainError as error:
        return complain(str(error))
    sys.stdout.write(json.dumps(created) + "\n")
    return 0


def run_staff_create(options: argparse.Namespace) -> int:
    setup_django()
    from altiplano.kernel.errors import DomainError
    from altiplano.ops.operators import make_staff

    try:
        made = make_staff(email=options.email)
    except DomainError as error:
        return complain(str(error))
    sys.stdout.write(json.dumps(made) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
