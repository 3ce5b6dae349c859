package shelf

import "time"

// Span is the time from From up to, but not including, To: opening hours, for example.
type Span struct{ From, To time.Time }
