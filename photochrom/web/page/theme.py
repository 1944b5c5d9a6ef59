"""The colours and fonts of the page, in light mode and in dark mode."""

from __future__ import annotations

import gradio as gr

__all__ = ["theme"]

_INK = gr.themes.Color(
    name="ink",
    c50="#faf7f1",
    c100="#f3eee4",
    c200="#e5ddce",
    c300="#cfc4b1",
    c400="#a89c89",
    c500="#7d7263",
    c600="#5f5649",
    c700="#463f36",
    c800="#2c2823",
    c900="#1f1c18",
    c950="#151310",
)
_TEAL = gr.themes.Color(
    name="teal",
    c50="#eef8f7",
    c100="#d3ece9",
    c200="#a8d9d4",
    c300="#74bfb9",
    c400="#429e98",
    c500="#1f7f7a",
    c600="#166662",
    c700="#135350",
    c800="#124341",
    c900="#0f3735",
    c950="#062221",
)


def theme() -> gr.themes.Base:
    """Return the theme of the page.

    It uses only fonts of the system, since the page loads nothing from other machines.
    """
    return gr.themes.Base(
        primary_hue=_TEAL,
        secondary_hue=_TEAL,
        neutral_hue=_INK,
        radius_size="md",
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"],
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_800",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="*neutral_300",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_text_color="white",
        slider_color="*primary_500",
        slider_color_dark="*primary_400",
    )
