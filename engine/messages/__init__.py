"""What people read: templates in, subject, text and HTML out."""

from engine.errors import MessageError
from engine.messages.builtin import builtin_templates
from engine.messages.composer import TemplateComposer
from engine.messages.inspection import TemplateFault, find_doubts, find_faults, parts_of
from engine.messages.languages import language_code
from engine.messages.note import render_note
from engine.messages.notice import CustomerNotice, StaffNotice
from engine.messages.renderer import RenderedText, Renderer
from engine.messages.samples import customer_samples, staff_samples

__all__ = [
    "CustomerNotice",
    "MessageError",
    "RenderedText",
    "Renderer",
    "StaffNotice",
    "TemplateComposer",
    "TemplateFault",
    "builtin_templates",
    "customer_samples",
    "find_doubts",
    "find_faults",
    "language_code",
    "parts_of",
    "render_note",
    "staff_samples",
]
