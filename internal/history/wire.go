package history

import (
	"encoding/json"

	"github.com/plimsoll-dev/plimsoll"
)

// sourceGit is the source of everything read from a clone; plimsoll.SourceRank
// lets any tool that was there at the time know better.
const sourceGit = "git"

// envelope is what every event of the wire has beside the report's fields.
type envelope struct {
	Type   plimsoll.Type `json:"type"`
	Source string        `json:"source"`
}

type changeEvent struct {
	envelope
	plimsoll.ChangeReport
}

type deploymentEvent struct {
	envelope
	plimsoll.DeploymentReport
}

type serviceEvent struct {
	envelope
	plimsoll.ServiceReport
}

func marshalChange(r plimsoll.ChangeReport) (json.RawMessage, error) {
	return json.Marshal(changeEvent{envelope{plimsoll.TypeChange, sourceGit}, r})
}

func marshalDeployment(r plimsoll.DeploymentReport) (json.RawMessage, error) {
	return json.Marshal(deploymentEvent{envelope{plimsoll.TypeDeployment, sourceGit}, r})
}

func marshalService(r plimsoll.ServiceReport) (json.RawMessage, error) {
	return json.Marshal(serviceEvent{envelope{plimsoll.TypeService, sourceGit}, r})
}
