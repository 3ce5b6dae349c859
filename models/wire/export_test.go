package wire

import "github.com/coldshelf/coldshelf/models/wire/wirepb"

// QuickObservation and QuickEnvelope are the readers that leave to protobuf what Encode would not write.
func QuickObservation(body []byte) (*wirepb.Observation, bool) {
	return (&quick{}).observation(body)
}

func QuickEnvelope(data []byte) (*wirepb.Envelope, bool) {
	var in wirepb.Envelope
	ok := quickEnvelope(data, &in)
	return &in, ok
}

// Inflated gives the plain form of a deflated body.
func Inflated(packed []byte) (plain []byte, err error) {
	err = inflate(packed, func(p []byte) error {
		plain = append(plain, p...)
		return nil
	})
	return plain, err
}
