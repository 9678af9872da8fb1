package plimsoll

import (
	"slices"
	"strings"
)

// Role says how much an actor may do. Each role may do all that those before
// it may.
type Role string

// The roles, the least first.
const (
	RoleViewer         Role = "viewer"          // reads
	RoleDeployer       Role = "deployer"        // reports what happened, and says a word on evidence
	RoleReleaseManager Role = "release_manager" // sets targets, freezes and exceptions
	RoleAdmin          Role = "admin"           // everything, tokens too
)

// Roles lists every role, the least first.
var Roles = []Role{RoleViewer, RoleDeployer, RoleReleaseManager, RoleAdmin}

// ParseRole reads the name of a role; release-manager is one too.
func ParseRole(s string) (Role, error) {
	r := Role(strings.ReplaceAll(s, "-", "_"))
	if slices.Contains(Roles, r) {
		return r, nil
	}
	return "", FieldErrorf("role", "%q; expected viewer, deployer, release_manager or admin", s)
}

// Covers reports whether r may do what least may. A role that is not known
// covers nothing.
func (r Role) Covers(least Role) bool {
	have, want := slices.Index(Roles, r), slices.Index(Roles, least)
	return want >= 0 && have >= want
}

// Permission is one thing that an actor may do or not.
type Permission string

// The permissions. Which role has which stands in one table, permissions.
const (
	PermitRead   Permission = "read"   // every answer and every page
	PermitReport Permission = "report" // hand in events
	PermitJudge  Permission = "judge"  // confirm or reject evidence: a person's word
	PermitTarget Permission = "target" // set and drop targets
	PermitFreeze Permission = "freeze" // begin and end a freeze
	PermitExcept Permission = "except" // grant an exception from one
	PermitManage Permission = "manage" // what changes the server: configuration, deriving again
	PermitTokens Permission = "tokens" // make, list and revoke tokens
)

// permissions is who may do what: the least role, and whether it takes a
// person.
var permissions = map[Permission]struct {
	role   Role
	person bool
}{
	PermitRead:   {role: RoleViewer},
	PermitReport: {role: RoleDeployer},
	PermitJudge:  {role: RoleDeployer, person: true},
	PermitTarget: {role: RoleReleaseManager},
	PermitFreeze: {role: RoleReleaseManager},
	PermitExcept: {role: RoleReleaseManager, person: true},
	PermitManage: {role: RoleAdmin},
	PermitTokens: {role: RoleAdmin},
}

// Permissions lists every permission, in the order of its name.
func Permissions() []Permission {
	out := make([]Permission, 0, len(permissions))
	for p := range permissions {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// LeastRole is the least role that has the permission; false if there is no
// such permission.
func (p Permission) LeastRole() (Role, bool) {
	x, ok := permissions[p]
	return x.role, ok
}

// ActorKind says what sort of actor it is.
type ActorKind string

// The kinds of actor.
const (
	ActorPerson  ActorKind = "person"
	ActorService ActorKind = "service" // a pipeline or another program
	ActorLocal   ActorKind = "local"   // whoever sits at this machine, or holds the token that the server was started with
)

// Actor is who does something.
type Actor struct {
	Kind       ActorKind
	Name       string
	Token      string // id of the token that says so, "" without one
	Role       Role
	Team       string // acts only for services of this team; "" for all
	IngestOnly bool   // may hand in events and nothing else
}

// LocalActor is whoever asks from this machine without a token.
func LocalActor() Actor { return Actor{Kind: ActorLocal, Name: "local", Role: RoleAdmin} }

// BootstrapActor is whoever holds the token that the server was started with.
func BootstrapActor() Actor { return Actor{Kind: ActorLocal, Name: "bootstrap", Role: RoleAdmin} }

// SystemActor is the server itself, for what it finds out without being asked.
func SystemActor() Actor { return Actor{Kind: ActorService, Name: "plimsoll", Role: RoleAdmin} }

// May says whether the actor has a permission: nil, or CodeForbidden with what
// is missing. A permission that is not known is nobody's.
func (a Actor) May(p Permission) error {
	need, ok := permissions[p]
	switch {
	case !ok:
		return Errorf(CodeForbidden, "nobody may do this")
	case a.IngestOnly && p != PermitReport:
		return Errorf(CodeForbidden, "the token %s (%s) only hands in events; this needs the role %s", a.Token, a.Name, need.role)
	case !a.Role.Covers(need.role):
		return Errorf(CodeForbidden, "this needs the role %s; %s is %s", need.role, a.Name, a.Role)
	case need.person && a.Kind == ActorService:
		return Errorf(CodeForbidden, "this takes a person's word, and %s is a service; use a token that was made with --kind person", a.Name)
	}
	return nil
}

// MayActFor says whether the actor may act for what belongs to a team: nil, or
// CodeForbidden. What belongs to nobody may be acted for by anybody.
func (a Actor) MayActFor(team, what string) error {
	if a.Team == "" || team == "" || team == a.Team {
		return nil
	}
	return Errorf(CodeForbidden, "%s belongs to the team %s; the token %s (%s) acts for the team %s only", what, team, a.Token, a.Name, a.Team)
}
