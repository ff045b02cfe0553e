"""What people read: templates in, subject, text and HTML out."""

from engine.errors import MessageError
from engine.messages.composer import TemplateComposer
from engine.messages.inspection import TemplateFault, find_faults
from engine.messages.note import render_note
from engine.messages.notice import CustomerNotice, StaffNotice
from engine.messages.renderer import RenderedText, Renderer

__all__ = [
    "CustomerNotice",
    "MessageError",
    "RenderedText",
    "Renderer",
    "StaffNotice",
    "TemplateComposer",
    "TemplateFault",
    "find_faults",
    "render_note",
]
