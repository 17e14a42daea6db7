"""The routes of the first run, of invitations and of the settings."""

from __future__ import annotations

from django.urls import URLPattern, path

from stageproof.web import (
    first_run,
    organisation,
    people,
    rates,
    settings_frame,
    sign_in,
    targets,
    teams,
    tokens,
)

urlpatterns: list[URLPattern] = [
    path("welcome", first_run.first_run, name="first_run"),
    path("invitation", people.invitation, name="invitation"),
    path("account", sign_in.account_settings, name="account_settings"),
    path("settings", settings_frame.settings, name="settings"),
    path("settings/organisation", organisation.organisation, name="organisation"),
    path("settings/people", people.people, name="people"),
    path("settings/people/<int:person_id>", people.person, name="person"),
    path(
        "settings/invitations/<int:invitation>/withdraw",
        people.invitation_withdraw,
        name="invitation_withdraw",
    ),
    path("settings/teams", teams.teams, name="teams"),
    path("settings/teams/<int:team_id>", teams.team, name="team"),
    path("settings/targets", targets.targets, name="targets"),
    path("settings/currencies", rates.rates, name="rates"),
    path("settings/currencies/<int:rate>/remove", rates.rate_remove, name="rate_remove"),
    path("settings/tokens", tokens.tokens, name="tokens"),
    path("settings/tokens/<int:token>/revoke", tokens.token_revoke, name="token_revoke"),
    path("settings/changes", settings_frame.changes, name="changes"),
]
