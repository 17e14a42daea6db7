"""The pages' routes."""

from __future__ import annotations

from django.urls import URLPattern, path

from stageproof.web import (
    accounts,
    board,
    contacts,
    deal,
    home,
    moves,
    pipeline,
    saved_views,
    search,
    settings_urls,
    sign_in_urls,
)

urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("board", board.board, name="board"),
    path("board/column", board.column, name="board_column"),
    path("pipeline", pipeline.pipeline, name="pipeline"),
    path("pipeline/export", pipeline.export, name="pipeline_export"),
    path("pipeline/bulk", pipeline.bulk, name="pipeline_bulk"),
    path("pipeline/<str:key>/<str:field>", pipeline.cell, name="pipeline_cell"),
    path("deals/new", deal.deal_new, name="deal_new"),
    path("deals/<str:key>", deal.deal, name="deal"),
    path("deals/<str:key>/move", moves.deal_move, name="deal_move"),
    path("deals/<str:key>/mend", moves.deal_mend, name="deal_mend"),
    path("deals/<str:key>/edit", deal.deal_edit, name="deal_edit"),
    path("deals/<str:key>/note", deal.deal_note, name="deal_note"),
    path("deals/<str:key>/activity", deal.deal_activity, name="deal_activity"),
    path("deals/<str:key>/evidence", deal.deal_evidence, name="deal_evidence"),
    path("deals/<str:key>/evidence/<str:evidence_id>/verify", deal.evidence_verify, name="evidence_verify"),
    path("deals/<str:key>/evidence/<str:evidence_id>/revoke", deal.evidence_revoke, name="evidence_revoke"),
    path("deals/<str:key>/committee", deal.deal_role, name="deal_role"),
    path("deals/<str:key>/committee/end", deal.deal_role_end, name="deal_role_end"),
    path("deals/<str:key>/delete", deal.deal_delete, name="deal_delete"),
    path("accounts", accounts.accounts, name="accounts"),
    path("accounts/new", accounts.account_new, name="account_new"),
    path("accounts/<int:account_id>", accounts.account, name="account"),
    path("accounts/<int:account_id>/edit", accounts.account_edit, name="account_edit"),
    path("contacts/new", contacts.contact_new, name="contact_new"),
    path("contacts/<int:contact_id>", contacts.contact, name="contact"),
    path("contacts/<int:contact_id>/edit", contacts.contact_edit, name="contact_edit"),
    path("search", search.search, name="search"),
    path("palette", search.palette, name="palette"),
    path("views", saved_views.save_view, name="view_save"),
    path("views/<int:view>/forget", saved_views.forget_view, name="view_forget"),
    *sign_in_urls.urlpatterns,
    *settings_urls.urlpatterns,
]
