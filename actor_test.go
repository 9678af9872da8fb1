package plimsoll

import (
	"strings"
	"testing"
)

// Who may do what, spelt out once more by hand: a change of the table in
// actor.go must be meant.
func TestEachRoleMayDoWhatTheTableSays(t *testing.T) {
	may := map[Role]string{
		"":                 "",
		"owner":            "",
		RoleViewer:         "read",
		RoleDeployer:       "read report judge",
		RoleReleaseManager: "read report judge target freeze except",
		RoleAdmin:          "read report judge target freeze except manage tokens",
	}
	for role, list := range may {
		for _, p := range append(Permissions(), "", "anything") {
			want := p != "" && strings.Contains(" "+list+" ", " "+string(p)+" ")
			a := Actor{Kind: ActorPerson, Name: "Ada", Role: role}
			err := a.May(p)
			if (err == nil) != want {
				t.Errorf("%q may %q: %v", role, p, err)
			}
			if err == nil {
				continue
			}
			if ErrorCode(err) != CodeForbidden {
				t.Errorf("%q may %q: code %s", role, p, ErrorCode(err))
			}
			if least, ok := p.LeastRole(); ok && !strings.Contains(err.Error(), string(least)) {
				t.Errorf("%q may %q: %v does not name %s", role, p, err, least)
			}
		}
	}
}

func TestAServiceDoesNotSpeakForAPerson(t *testing.T) {
	a := Actor{Kind: ActorService, Name: "ci", Role: RoleAdmin}
	for _, p := range Permissions() {
		if err := a.May(p); (err == nil) == (p == PermitJudge || p == PermitExcept) {
			t.Errorf("%s: %v", p, err)
		}
	}
	for _, a := range []Actor{LocalActor(), BootstrapActor()} {
		for _, p := range Permissions() {
			if err := a.May(p); err != nil {
				t.Errorf("%s: %v", a.Name, err)
			}
		}
	}
}

func TestAnIngestOnlyTokenHandsInEventsAndNothingElse(t *testing.T) {
	a := Actor{Kind: ActorService, Name: "ci", Role: RoleAdmin, IngestOnly: true}
	for _, p := range Permissions() {
		if err := a.May(p); (err == nil) != (p == PermitReport) {
			t.Errorf("%s: %v", p, err)
		}
	}
	a.Role = RoleViewer
	if a.May(PermitReport) == nil {
		t.Error("ingest-only adds a permission to a viewer")
	}
}

func TestATeamBoundActorActsForItsTeamAndForWhatIsNobodys(t *testing.T) {
	a := Actor{Name: "ci", Team: "shop"}
	for team, want := range map[string]bool{"shop": true, "": true, "billing": false, "Shop": false} {
		if err := a.MayActFor(team, "webapp"); (err == nil) != want || err != nil && ErrorCode(err) != CodeForbidden {
			t.Errorf("%q: %v", team, err)
		}
	}
	if err := (Actor{}).MayActFor("billing", "webapp"); err != nil {
		t.Error(err)
	}
}

func TestRolesAreReadByName(t *testing.T) {
	for _, r := range Roles {
		if got, err := ParseRole(string(r)); got != r || err != nil {
			t.Errorf("%s: %s, %v", r, got, err)
		}
	}
	if got, err := ParseRole("release-manager"); got != RoleReleaseManager || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	for _, s := range []string{"", "root", "Admin", " admin"} {
		if _, err := ParseRole(s); ErrorCode(err) != CodeInvalid {
			t.Errorf("%q: %v", s, err)
		}
	}
}
