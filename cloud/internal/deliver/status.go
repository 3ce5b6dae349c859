package deliver

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strconv"
	"time"
)

// statusError is an HTTP answer that did not accept a message.
type statusError struct {
	code  int
	after time.Duration // how long the target asks us to wait; 0: it does not say
}

func (e *statusError) Error() string { return fmt.Sprintf("status %d", e.code) }

// waitFor parses Retry-After, in seconds or as a date; it returns 0 if it cannot be parsed.
func waitFor(header string, now time.Time) time.Duration {
	if s, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(s) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// retryAfter returns how long a target has asked us to wait, at most maxRetryAfter.
func retryAfter(err error) time.Duration {
	var s *statusError
	if !errors.As(err, &s) {
		return 0
	}
	return min(s.after, maxRetryAfter)
}

// refusal reports whether a target says that it will never accept this message: a status of 4xx that is not
// temporary, such a code from a chat robot, or 5xx from a mail server about a letter or an address.
func refusal(err error) bool {
	var robot *robotError
	if errors.As(err, &robot) {
		return !robot.passing
	}
	var s *statusError
	if errors.As(err, &s) {
		switch s.code {
		case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
			return false
		}
		return s.code/100 == 4
	}
	var mail *textproto.Error
	if errors.As(err, &mail) {
		switch mail.Code {
		case 530, 534, 535, 538: // our password is refused, not the letter
			return false
		}
		return mail.Code/100 == 5
	}
	return false
}
