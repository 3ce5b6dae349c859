// Package problem lists the error codes of the API. Every refusal carries one beside its text: programs branch
// on it, and the page shows it in the reader's language. A code never changes its meaning. The page has a text
// in each language for every code; one of its tests reads this file, so a new code here needs its texts there.
package problem

// Code says what is wrong, in one word of a machine.
type Code string

// Of any request.
const (
	BadBody        Code = "bad_body"        // not JSON as it is described, or a field that is not known
	BadQuery       Code = "bad_query"       // a parameter or a number in the address
	AddressDiffers Code = "address_differs" // the body names something else than the address
	TooLarge       Code = "too_large"       // a body
	TooMany        Code = "too_many"        // things in one request
	WrongType      Code = "wrong_type"      // the Content-Type
	WrongMethod    Code = "wrong_method"    // not for this address
	NotFound       Code = "not_found"
	NotHere        Code = "not_here"     // a part that this service runs without
	OtherOrigin    Code = "other_origin" // a page of another origin
	SlowDown       Code = "slow_down"    // too many tries
	TookTooLong    Code = "took_too_long"
	SlowBody       Code = "slow_body"     // it came too slowly
	ServerFailed   Code = "server_failed" // our own fault, in the log
)

// Who may do what.
const (
	SignIn                Code = "sign_in" // nothing was shown that gives a right
	RoleMayNot            Code = "role_may_not"
	WrongPassword         Code = "wrong_password" // it does not fit, nor may the address
	LinkSpent             Code = "link_spent"     // a link or a code that was used, or is too old
	LinkExpired           Code = "link_expired"   // a link or a code that nobody has used, and whose time is over
	NoPassword            Code = "no_password"    // a token
	BadPassword           Code = "bad_password"   // too short, a name, one character
	BadUser               Code = "bad_user"       // its name, address or role
	UserTaken             Code = "user_taken"
	LastAdmin             Code = "last_admin"
	BadToken              Code = "bad_token" // its name or role
	BadCertificateRequest Code = "bad_certificate_request"
	TicketNeeded          Code = "ticket_needed" // a browser's session alone does not open the live stream
	StreamEnded           Code = "stream_ended"  // the right to it
	BadMessage            Code = "bad_message"   // of the live stream
	StreamFull            Code = "stream_full"   // or not ready yet
)

// Stores, coolers and planograms.
const (
	BadName        Code = "bad_name"  // of a store, device or tenant
	BadLabel       Code = "bad_label" // a region, channel, class or model
	BadGLN         Code = "bad_gln"
	BadPlace       Code = "bad_place" // latitude and longitude
	BadZone        Code = "bad_zone"  // a time zone
	BadHours       Code = "bad_hours" // opening hours
	BadCooler      Code = "bad_cooler"
	BadPlanogram   Code = "bad_planogram"
	VersionTaken   Code = "version_taken" // somebody published it, or it is not higher
	NoPicture      Code = "no_picture"    // none is kept of that look
	UnknownCommand Code = "unknown_command"
	BoardAway      Code = "board_away" // not connected
)

// Products that are taught.
const (
	BadPhoto       Code = "bad_photo"
	BadLesson      Code = "bad_lesson"
	TooManyLessons Code = "too_many_lessons"
	PhotosMissing  Code = "photos_missing" // of a lesson
)

// Alerts and rules.
const (
	BadWord      Code = "bad_word"     // what is said of an alert
	AlertOver    Code = "alert_over"   // it is resolved
	AlertFull    Code = "alert_full"   // it holds no more comments
	NoProof      Code = "no_proof"     // nothing shows this moment of the alert
	SlotNotCut   Code = "slot_not_cut" // out of the picture that shows it
	PictureGone  Code = "picture_gone" // it was kept, and is not any more
	BadRules     Code = "bad_rules"
	RulesChanged Code = "rules_changed" // by somebody else, since they were read
	BadRecipient Code = "bad_recipient"
	BadWebhook   Code = "bad_webhook"
	BadCursor    Code = "bad_cursor" // not a position in the log
)

// Boards and what they are sent.
const (
	BadWish         Code = "bad_wish"          // what boards shall be
	NothingToRetry  Code = "nothing_to_retry"  // the board refused nothing
	NoUpdateAddress Code = "no_update_address" // updates.url
	BadUpdate       Code = "bad_update"        // a staged update
	UpdateBusy      Code = "update_busy"       // another one is under way on these boards
	UpdateNobody    Code = "update_nobody"     // no board would take it
	BundleUnknown   Code = "bundle_unknown"
	UpdateStatus    Code = "update_status" // it is in no state for that
	NoRoot          Code = "no_root"       // nobody said whose bundles are taken
	BadRoot         Code = "bad_root"
	RootKept        Code = "root_kept" // another one is set
	BadBundle       Code = "bad_bundle"
	BundleSigner    Code = "bundle_signer" // signed by keys that are not known
	BundleOld       Code = "bundle_old"    // a newer one is here already
	BundleTaken     Code = "bundle_taken"  // this version holds something else
	BundleInUse     Code = "bundle_in_use"
)

// Trade. What is wrong with one line of sales has a code of package sales.
const (
	BadChannel     Code = "bad_channel"
	NoChannel      Code = "no_channel"    // the file does not say its channel, or it has no mapping
	BadSignature   Code = "bad_signature" // of a webhook that brings sales
	OrderExists    Code = "order_exists"  // under this name, with other contents
	BadWeights     Code = "bad_weights"   // of the score
	BadSpan        Code = "bad_span"      // from is not before to
	SpanTooOld     Code = "span_too_old"  // the looks of that time are not kept any more
	SuggestionSent Code = "suggestion_sent"
	BadSuggestion  Code = "bad_suggestion"
	// SuggestionChanged: it was approved as something else than it is by now.
	SuggestionChanged Code = "suggestion_changed"
	BadDelivery       Code = "bad_delivery" // the calendar of a store
	BadOrdering       Code = "bad_ordering" // where orders go
	BadPromotion      Code = "bad_promotion"
)
