"""Bootstrap's classes for every form field of the site."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting

CLASSES = [
    ((forms.CheckboxInput, forms.RadioSelect, forms.CheckboxSelectMultiple), "form-check-input"),
    ((forms.Select,), "form-select"),
]


class BootstrapBoundField(BoundField):
    """A field that adds Bootstrap's class to its widget's own."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        """Return the widget's attributes with `form-control` (or what fits it better) and `is-invalid`."""
        built = super().build_widget_attrs(attrs, widget)
        widget = widget or self.field.widget
        added = next((name for widgets, name in CLASSES if isinstance(widget, widgets)), "form-control")
        if self.errors:
            added += " is-invalid"
        built["class"] = f"{widget.attrs.get('class', '')} {added}".strip()
        return built


class BootstrapRenderer(TemplatesSetting):
    """Renders forms from `templates/forms/`, through the site's own template engine."""

    bound_field_class = BootstrapBoundField
    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"
