"""The page's tab for documents: PDFs, and TIFFs with several pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import gradio as gr

from photochrom.batch import color_pages
from photochrom.documents.coloring import PDF_SUFFIX, is_document
from photochrom.documents.selection import check_pages
from photochrom.errors import ConfigError, UnsupportedPhoto
from photochrom.files.atomic import write_bytes
from photochrom.options import ColorOptions
from photochrom.photo.codecs.tiff import TIFF
from photochrom.web.filenames import colorized_name, safe_name
from photochrom.web.job_queue import Item, Job, Work
from photochrom.web.page.job_tab import JobTab, link_or_copy

if TYPE_CHECKING:
    from gradio.components import Component

    from photochrom.colorizer import Colorizer

__all__ = ["DocumentTab"]

_MAX_BYTES: Final = 1_000_000_000  # of a document, which is held in memory


class DocumentTab(JobTab):
    """The tab for documents: one document, which pages to colour, and its result."""

    what = "document"
    invitation = (
        "Drop a PDF, or a TIFF with several pages. Text and page sizes do not change, nor does "
        "the luma of the photographs."
    )
    unit = "photographs"

    def lay_out(self) -> list[Component]:
        """Create the inputs of `create_job`, in the order of its arguments."""
        document = gr.File(
            label="Document: PDF or TIFF",
            file_types=[PDF_SUFFIX, *TIFF.suffixes],
            height=150,
            elem_id="document-drop",
        )
        pages = gr.Textbox(
            "all", label="Pages", info="all, or such as 1,3-5", max_lines=1, elem_id="pages"
        )
        default = self._service.colorizer.model.card.vividness
        vividness = gr.Slider(0, 1, default, step=0.01, label="Vividness")
        negative = gr.Checkbox(label="The photographs are negatives", info="Invert them first")
        return [document, pages, vividness, negative]

    def create_job(self, file: str | None, *settings: object) -> Job:
        """Return the job for a document.

        Args:
            file: Path of the document, or None.
            settings: Pages as a text, vividness, and whether the photographs are negatives.

        Raises:
            ConfigError: there is no document, it is too large, or a setting is wrong.
        """
        pages, vividness, negative = cast("tuple[str, float, bool]", settings)
        if file is None:
            raise ConfigError("expected a document; add one first")
        if Path(file).stat().st_size > _MAX_BYTES:
            raise ConfigError("expected a document of 1 GB at most; this one is larger")
        check_pages(pages)
        options = ColorOptions(vividness=vividness, negative=negative)
        folder = self._service.new_folder()
        name = safe_name(Path(file).name, "document")
        source = folder / "in" / name
        link_or_copy(Path(file), source)
        target = folder / "out" / colorized_name(name)
        work = _work(self._service.colorizer, source, target, pages, options)
        return Job("photographs", folder, [Item(name)], work)

    def note(self, job: Job) -> str:
        """Return how many photographs were coloured, and what was not."""
        item = job.items[0]
        words = f"{item.photographs} photograph{'s' * (item.photographs != 1)}"
        if not item.unchanged:
            return words
        reasons = ", ".join(sorted({reason for _, reason in item.unchanged}))
        return f"{words}; {len(item.unchanged)} other images were not ({reasons})"


def _work(
    colorizer: Colorizer, source: Path, target: Path, pages: str, options: ColorOptions
) -> Work:
    """Return the work of a job that colours pages of one document.

    Args:
        colorizer: Colours the photographs.
        source: File of the document; deleted when it is done.
        target: Path of the coloured document.
        pages: Pages to colour, as in `batch.run`.
        options: How to colour each photograph.
    """

    def work(job: Job) -> Path:
        def count() -> None:
            job.raise_if_cancelled()
            job.done += 1

        item, data = job.items[0], source.read_bytes()
        item.status = "running"
        if not is_document(data):
            raise UnsupportedPhoto(
                f"expected a PDF, or a TIFF with several pages; received {item.name}. The tab "
                "Photographs colours photographs"
            )
        document, _ = color_pages(colorizer, data, item.name, pages, options, on_page=count)
        target.parent.mkdir()
        write_bytes(target, document.data, overwrite=False)
        item.photographs, item.unchanged = document.photographs, document.unchanged
        source.unlink()
        return target

    return work
