"""Addresses for signing in: django-allauth's, some with views of our own."""

from allauth.urls import urlpatterns as allauth_urlpatterns
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.generic import RedirectView

from accounts.sign_in import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", views.LoginView.as_view(), name="account_login"),
    path("signup/", views.SignupView.as_view(), name="account_signup"),
    path("email/", views.EmailView.as_view(), name="account_email"),
    re_path(r"^confirm-email/(?P<key>[-:\w]+)/$", views.ConfirmEmailView.as_view(), name="account_confirm_email"),
    path("password/reset/", views.PasswordResetView.as_view(), name="account_reset_password"),
    # A member without a password proves who they are by email, as if they had forgotten it.
    path("password/set/", RedirectView.as_view(pattern_name="account_reset_password"), name="account_set_password"),
    *allauth_urlpatterns,
]
