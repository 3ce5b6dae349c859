package state

// Order is a message's place among its device's messages: first by boot, then by seq. Arrival time
// says nothing, and neither does a board's clock.
type Order struct {
	Boot uint32 `json:"boot"`
	Seq  uint64 `json:"seq"`
}

// After reports whether o comes later than p.
func (o Order) After(p Order) bool {
	if o.Boot != p.Boot {
		return o.Boot > p.Boot
	}
	return o.Seq > p.Seq
}
