"""A client for Python, made from the OpenAPI document, uploads and downloads."""

from __future__ import annotations

import importlib
import io
import json
import subprocess
import sys
import zipfile

import pytest

from tests.services import is_coloured, jpeg, service, until

pytest.importorskip("openapi_python_client", reason="`make` installs it")


@pytest.fixture(scope="module")
def generated(tmp_path_factory, warm):
    """The folder of a client, and a connection to the service that it was made for."""
    folder = tmp_path_factory.mktemp("generated")
    document, config = folder / "openapi.json", folder / "config.json"
    config.write_text('{"post_hooks": []}')  # no formatting, which takes a second
    with service(warm) as connection:
        document.write_text(json.dumps(connection.get("/openapi.json").json()))
        words = ["generate", "--path", document, "--config", config, "--meta", "none"]
        done = subprocess.run(
            [sys.executable, "-m", "openapi_python_client", *words, "--output-path", "made_client"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        # It warns of what it leaves out
        assert (done.returncode, done.stdout.strip()) == (0, "Generating made_client"), done
        sys.path.insert(0, str(folder))
        yield connection
        sys.path.remove(str(folder))


def part(name):
    return importlib.import_module(f"made_client.{name}")


@pytest.mark.slow
def test_a_generated_client_uploads_and_downloads(generated, camera):
    models, types = part("models"), part("types")
    client = part("client").Client(base_url="").set_httpx_client(generated)

    def photograph(name="old.jpg"):
        return types.File(io.BytesIO(jpeg(camera)), name)

    form = models.PhotographForm(
        image=photograph(), vividness=0.5, album=False, format_=models.FormatName.PNG
    )
    colorize = part("api.photographs.colorize")
    answer = colorize.sync_detailed(client=client, body=form)
    assert answer.headers["content-type"] == "image/png"
    assert is_coloured(answer.parsed.payload.read())

    form.vividness = 2
    form.image = photograph()
    refused = colorize.sync(client=client, body=form)
    assert isinstance(refused, models.Problem)
    assert "vividness" in refused.detail

    sent = models.JobForm(photographs=[photograph("a.jpg"), photograph("b.jpg")])
    job = part("api.jobs.create_job").sync(client=client, body=sent)
    get_job = part("api.jobs.get_job")
    until(lambda: get_job.sync(job.id, client=client).status == models.JobStatus.DONE)
    result = part("api.jobs.get_job_result").sync_detailed(job.id, client=client)
    assert result.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(result.parsed.payload) as archive:
        assert archive.namelist() == ["a.jpg", "b.jpg"]
    gone = part("api.jobs.delete_job").sync_detailed(job.id, client=client)
    assert gone.status_code == 204
