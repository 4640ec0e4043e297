import pytest

from altiplano_sdk import HttpResponse, StageKind
from altiplano_sdk.testing.samples import SampleFile, Samples, SamplesError, ToolCall, read_samples

WRITTEN = """
[config.guard]
longest_word = 9

[loader]
reference = { station = "FR99001" }

[parser]
file = "samples/report.xyz"
shows = ["First."]

[[tool.calls]]
arguments = { value = 3 }
contains = "4.83"

[[http]]
url = "https://api.example.org/a"
file = "samples/report.xyz"

[[http]]
url = "https://api.example.org/b"
text = "gone"
status = 404

[llm]
replies = ["five"]

[exceptions.guard]
test_x = "asks a model"
"""


@pytest.fixture
def package(tmp_path):
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/report.xyz").write_bytes(b"First.")
    (tmp_path / "secret").write_text("x")
    return tmp_path


def test_a_package_without_the_file_has_no_samples(tmp_path):
    assert read_samples(tmp_path) == Samples()


def test_everything_that_is_written_is_read(package):
    (package / "conformance.toml").write_text(WRITTEN)
    samples = read_samples(package)
    assert samples.configs == {StageKind.GUARD: {"longest_word": 9}}
    assert samples.reference == {"station": "FR99001"}
    assert samples.file == SampleFile(b"First.", ("First.",))
    assert samples.calls == (ToolCall({"value": 3}, "4.83"),)
    assert samples.prepared.replies == ("five",)
    assert samples.prepared.responses == {
        "https://api.example.org/a": HttpResponse(200, {}, b"First."),
        "https://api.example.org/b": HttpResponse(404, {}, b"gone"),
    }
    assert samples.exceptions == {StageKind.GUARD: {"test_x": "asks a model"}}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[loader", "cannot be read"),
        ("[loader]\n", "reference"),
        ("[pasrer]\n", "pasrer"),
        ("[config.nothing]\n", "nothing"),
        ('[parser]\nfile = "../secret"\nshows = ["x"]', "no file of the package"),
        ('[parser]\nfile = "/etc/passwd"\nshows = ["x"]', "no file of the package"),
        ('[parser]\nfile = "samples/none"\nshows = ["x"]', "no file of the package"),
        ('[parser]\nfile = "samples/report.xyz"\nshows = []', "shows"),
    ],
)
def test_what_cannot_be_used_is_told(package, written, said):
    inside = package / "samples"
    (inside / "samples").mkdir()
    (inside / "samples/report.xyz").write_bytes(b"x")
    (inside / "conformance.toml").write_text(written)
    with pytest.raises(SamplesError, match=said):
        read_samples(inside)
