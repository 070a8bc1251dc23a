"""Bootstrap's classes on every form field of the site."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting

CHECK_WIDGETS = (forms.CheckboxInput, forms.RadioSelect, forms.CheckboxSelectMultiple)


class BootstrapBoundField(BoundField):
    """A field whose widget carries Bootstrap's class, added to what the widget brings."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        """Return the widget's attributes with `form-control` (or `form-check-input`) and `is-invalid`."""
        built = super().build_widget_attrs(attrs, widget)
        widget = widget or self.field.widget
        added = "form-check-input" if isinstance(widget, CHECK_WIDGETS) else "form-control"
        if self.errors:
            added += " is-invalid"
        built["class"] = f"{widget.attrs.get('class', '')} {added}".strip()
        return built


class BootstrapRenderer(TemplatesSetting):
    """Renders forms from `templates/forms/`, through the site's own template engine."""

    bound_field_class = BootstrapBoundField
    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"
