"""Deploying onto an agent whose newest version is a draft: whose work is it?"""

from tests.retell.deploying.conftest import FOREIGN, Account


class TestOpenDrafts:
    def test_an_untouched_draft_is_taken(self, account: Account, agent_id: str) -> None:
        account.draft(agent_id)
        row = account.deploy()
        assert (row["status"], row["live_version"]) == ("deployed", 1)
        assert account.versions(agent_id) == [(1, True), (0, True)]

    def test_what_others_changed_in_it_is_shown_and_nothing_is_done(self, account: Account, agent_id: str) -> None:
        draft = account.draft(agent_id)
        account.sdk.agent.update(agent_id, version=1, agent_name="Adam")
        account.sdk.llm.update(draft.response_engine.llm_id, version=1, general_tools=[FOREIGN[0]], general_prompt="Hi")
        account.forget_requests()
        row = account.deploy()
        assert (row["success"], row["status"], row["kind"]) == (False, "refused", "foreign_changes")
        assert {(change["kind"], change["name"]) for change in row["foreign_changes"]} == {
            ("setting", "agent_name"),
            ("prompt", "general_prompt"),
            ("function", "hang_up"),
        }
        assert (row["live_version"], row["draft_version"]) == (0, 1)
        assert account.writes() == []

    def test_with_consent_it_is_published_with_ours(self, account: Account, agent_id: str) -> None:
        account.draft(agent_id)
        account.sdk.agent.update(agent_id, version=1, agent_name="Adam")
        row = account.deploy(accept_foreign_changes=True)
        assert (row["status"], row["live_version"]) == ("deployed", 1)
        assert [change["name"] for change in row["foreign_changes"]] == ["agent_name"]
        assert account.live(agent_id).agent_name == "Adam"
        assert len(account.live_llm(agent_id).general_tools) == 8

    def test_an_edit_that_ours_would_overwrite_is_shown_too(self, account: Account, agent_id: str) -> None:
        account.call("updateAgent", prompt="Ours.")
        draft = account.draft(agent_id)
        account.sdk.llm.update(draft.response_engine.llm_id, version=1, general_prompt="Theirs.")
        (change,) = account.deploy()["foreign_changes"]
        assert (change["before"], change["after"]) == ("You answer the phone.", "Theirs.")

    def test_a_secret_in_it_is_not_shown(self, account: Account, agent_id: str) -> None:
        draft = account.draft(agent_id)
        tools = [{**FOREIGN[0], "headers": {"X-Key": "another-s3cr3t"}}, FOREIGN[1]]
        account.sdk.llm.update(draft.response_engine.llm_id, version=1, general_tools=tools)
        row = account.deploy()
        assert [change["name"] for change in row["foreign_changes"]] == ["ask_weather"]
        assert "s3cr3t" not in str(row)

    def test_a_draft_that_has_fallen_behind_is_left_alone(self, account: Account, agent_id: str) -> None:
        account.draft(agent_id)
        account.draft(agent_id)
        account.sdk.agent.update(agent_id, version=1, agent_name="Adam")
        account.sdk.agent.publish(agent_id, version=1)
        row = account.deploy()
        assert (row["status"], row["live_version"]) == ("deployed", 3)
        assert account.live(agent_id).agent_name == "Adam"

    def test_work_in_a_draft_that_has_fallen_behind_is_shown_with_what_it_would_undo(
        self, account: Account, agent_id: str
    ) -> None:
        account.draft(agent_id)
        account.draft(agent_id)
        account.sdk.agent.update(agent_id, version=1, agent_name="Adam")
        account.sdk.agent.publish(agent_id, version=1)
        account.sdk.agent.update(agent_id, version=2, voice_speed=1.5)
        row = account.deploy()
        assert row["kind"] == "foreign_changes"
        assert {change["name"] for change in row["foreign_changes"]} == {"agent_name", "voice_speed"}

    def test_what_was_never_published_needs_consent(self, account: Account) -> None:
        agent = account.agent(is_published=False)
        account.configured(agent)
        row = account.deploy()
        assert (row["kind"], row["live_version"], row["draft_version"]) == ("foreign_changes", None, 0)
        row = account.deploy(accept_foreign_changes=True)
        assert (row["status"], row["live_version"]) == ("deployed", 0)
        assert account.versions(agent) == [(0, True)]
