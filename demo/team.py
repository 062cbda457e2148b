"""Groups and waiting invitations of the demonstration."""

from accounts.models import User
from demo.workspaces import Workspace
from workspace.groups.services import group_create, people_add
from workspace.members.invitations import invite


def add_team(workspace: Workspace) -> None:
    """In the workspace's context."""
    owner = User.objects.get(email=workspace.email)
    for local, role, name in workspace.invited:
        invite(email=f"{local}@{workspace.domain}", name=name, role=role, actor=owner)
    for name, members in workspace.groups.items():
        addresses = [f"{local}@{workspace.domain}" for local in members]
        keys = User.objects.filter(email__in=addresses).values_list("pk", flat=True)
        people_add(group=group_create(name=name, actor=owner), keys=keys, actor=owner)
