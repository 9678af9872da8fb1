package web

import (
	"net/http"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/ui"
)

// handler is a handler that returns its error.
type handler func(w http.ResponseWriter, r *http.Request) error

// route is a path, what it takes to ask it, and who answers.
type route struct {
	pattern string
	need    plimsoll.Permission // open for everybody; a route that says nothing is for nobody
	handler handler
}

// open is what a route needs that anybody may ask, whoever that is: it must
// tell nothing that is not meant for everybody, and change nothing but for who
// proves to its handler that he may.
const open plimsoll.Permission = "open"

// routes is every path that there is.
func (s *Server) routes() []route {
	const (
		read   = plimsoll.PermitRead
		report = plimsoll.PermitReport
		judge  = plimsoll.PermitJudge
		target = plimsoll.PermitTarget
		tokens = plimsoll.PermitTokens
		manage = plimsoll.PermitManage
	)
	return []route{
		{"POST /api/v1/events", report, s.postEvents},
		{"GET /api/v1/measures", read, s.getMeasures},
		{"GET /api/v1/measures/series", read, s.getSeries},
		{"GET /api/v1/explain/{measure}", read, s.getExplain},
		{"GET /api/v1/late", read, s.getLate},
		{"GET /api/v1/deployments", read, s.getDeployments},
		{"GET /api/v1/deployments/{id...}", read, s.getDeployment},
		{"GET /api/v1/incidents", read, s.getIncidents},
		{"GET /api/v1/incidents/{id...}", read, s.getIncident},
		{"GET /api/v1/evidence", read, s.getEvidence},
		{"GET /api/v1/evidence/{id}", read, s.getEvidenceNamed},
		{"POST /api/v1/evidence/{id}/confirm", judge, s.say(plimsoll.EvidenceConfirmed)},
		{"POST /api/v1/evidence/{id}/reject", judge, s.say(plimsoll.EvidenceRejected)},
		{"GET /api/v1/changes", read, s.getChanges},
		{"GET /api/v1/services", read, s.getServices},
		{"GET /api/v1/teams", read, s.getTeams},
		{"GET /api/v1/baseline", read, s.getBaseline},
		{"GET /api/v1/compare", read, s.getCompare},
		{"GET /api/v1/trend", read, s.getTrend},
		{"GET /api/v1/targets", read, s.getTargets},
		{"POST /api/v1/targets", target, s.postTarget},
		{"GET /api/v1/gaming-signs", read, s.getGamingSigns},
		{"GET /api/v1/bottleneck", read, s.getBottleneck},
		{"GET /api/v1/whoami", read, s.getWhoami},
		{"GET /api/v1/tokens", tokens, s.getTokens},
		{"POST /api/v1/tokens", tokens, s.postToken},
		{"POST /api/v1/tokens/{id}/rotate", tokens, s.rotateToken},
		{"DELETE /api/v1/tokens/{id}", tokens, s.deleteToken},
		{"GET /api/v1/position", read, s.getPosition},
		{"GET /api/v1/doctor", manage, s.getDoctor},
		{"/api/", read, s.noSuchAPI},

		{"/webhooks/", open, s.noSuchAPI},

		// Open, since a delivery is let in by its signature; where none is
		// configured the handler asks what POST /api/v1/events asks.
		{"POST /webhooks/{source}", open, s.postDelivery},
		{"POST /webhooks/{source}/{name}", open, s.postDelivery},

		{"GET /healthz", open, s.healthz},
		{"GET /readyz", open, s.readyz},
		{"GET /metrics", read, s.scrape},

		{"GET /{$}", read, s.overviewPage},
		{"GET /services/{name...}", read, s.servicePage},
		{"GET /deployments", read, s.deploymentsPage},
		{"GET /deployments/{id...}", read, s.deploymentPage},
		{"GET /incidents", read, s.incidentsPage},
		{"GET /explain/{measure}", read, s.explainPage},
		{"/", read, s.noSuchPage},
		{"GET " + ui.AssetPrefix, open, s.assets()},
	}
}

// unlimited are the paths that must be answered most of all when there is too
// much to do.
var unlimited = map[string]bool{"/healthz": true, "/readyz": true, "/metrics": true, "/api/v1/doctor": true}

// behind puts a route behind the question who asks and the limits, and before
// the table of errors.
func (s *Server) behind(route route) http.HandlerFunc {
	free := unlimited[routeOf(route.pattern)]
	return func(w http.ResponseWriter, r *http.Request) {
		r, err := s.admit(r, route.need)
		switch {
		case err != nil:
		case free:
			err = route.handler(w, r)
		default:
			err = s.limited(w, r, route.handler)
		}
		if err != nil {
			s.answerError(w, r, err)
		}
	}
}
