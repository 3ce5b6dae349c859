package deliver

import (
	"encoding/json"
	"fmt"
	"time"
)

// cloudEventMedia is the media type of one CloudEvent in its JSON format.
const cloudEventMedia = "application/cloudevents+json"

// cloudEvent is a CloudEvents 1.0 envelope for something that concerns a whole tenant. Events of the alert log
// have an envelope with a subject and a place in the log: alert.Event.
type cloudEvent[T any] struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"` // /coldshelf/tenant
	Type            string    `json:"type"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            T         `json:"data"`
}

// encodeCloudEvent returns the envelope as JSON.
func encodeCloudEvent[T any](tenant, eventType, id string, at time.Time, data T) ([]byte, error) {
	body, err := json.Marshal(cloudEvent[T]{
		SpecVersion: "1.0", ID: id, Source: "/coldshelf/" + tenant, Type: eventType,
		Time: at, DataContentType: "application/json", Data: data,
	})
	if err != nil {
		return nil, fmt.Errorf("encode %s %s: %w", eventType, id, err)
	}
	return body, nil
}
