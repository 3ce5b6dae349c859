package deliver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/channel"
)

// The formats of webhooks; see package channel.
const (
	FormatEvents   = channel.Events
	FormatWeCom    = channel.WeCom
	FormatDingTalk = channel.DingTalk
	FormatFeishu   = channel.Feishu
	FormatEmail    = channel.Email
)

var titles = map[alert.Type]string{
	alert.Stockout: "缺货 Stockout", alert.LowStock: "库存低 Low stock", alert.Misplaced: "错放 Misplaced", alert.ForeignProduct: "竞品占位 Foreign product",
	alert.PlanogramDrift: "陈列走样 Planogram drift", alert.DoorBusy: "开门过频 Door opened too often", alert.DoorUnused: "长时间未开门 Door not opened",
	alert.NoFootfall: "无客流 No footfall", alert.PhantomInventory: "账面虚库存 Phantom inventory", alert.SalesWithoutShelf: "无货有销 Sales without shelf",
	alert.CameraBlocked: "镜头被挡 Camera blocked", alert.CameraFogged: "镜头起雾 Camera fogged", alert.CameraShifted: "镜头移位 Camera shifted",
	alert.CameraImpaired: "画面不清 Camera impaired", alert.CameraLost: "摄像头离线 Camera lost", alert.DoorAjar: "门未关 Door ajar",
	alert.ColdChain: "温度过高 Too warm", alert.PowerLost: "断电 Power lost", alert.CoolerMoved: "冰柜移位 Cooler moved", alert.CoolerOffline: "设备离线 Cooler offline",
}

// robotMessage returns one event in the form that a chat robot takes.
func robotMessage(format, title, text string) ([]byte, error) {
	switch format {
	case FormatWeCom:
		return json.Marshal(map[string]any{"msgtype": "markdown", "markdown": map[string]string{"content": "**" + title + "**\n" + text}})
	case FormatDingTalk:
		return json.Marshal(map[string]any{"msgtype": "markdown", "markdown": map[string]string{"title": title, "text": "### " + title + "\n\n" + strings.ReplaceAll(text, "\n", "\n\n")}})
	case FormatFeishu:
		return json.Marshal(map[string]any{"msg_type": "text", "content": map[string]string{"text": title + "\n" + text}})
	}
	return nil, fmt.Errorf("unknown format %q", format)
}

// tell turns an event into a title and a few lines that a person can read on a phone.
func tell(e *alert.Entry) (title, text string, err error) {
	var a alert.Alert
	if err := json.Unmarshal(e.Alert, &a); err != nil {
		return "", "", fmt.Errorf("stored alert: %w", err)
	}
	switch title = titles[a.Type]; e.Kind {
	case alert.Opened:
		title = openTitle(&a)
	case alert.Resolved:
		title = "已解除 Resolved: " + title
	case alert.Restated:
		title = "已撤回 Withdrawn: " + title
	case alert.Regraded:
		title = "升为更高级别 Graver now: " + title
	}
	return title, linesOf(&a), nil
}

// openTitle returns the title for an alert that calls somebody, for the first time or after it was reported as
// over.
func openTitle(a *alert.Alert) string {
	if a.Reopened > 0 {
		return "未解除 Not over after all: " + titles[a.Type]
	}
	return titles[a.Type]
}

// linesOf describes what an alert is about.
func linesOf(a *alert.Alert) string {
	lines := []string{"门店 Store: " + a.Store, "冰柜 Cooler: " + a.Device}
	if a.Slot != "" {
		what := a.Slot
		if a.Product != nil {
			what += " · " + a.Product.NameZH + " " + a.Product.Name
		}
		lines = append(lines, "货位 Slot: "+what)
	}
	lines = append(lines, "时间 Since: "+a.FirstSeenBad.Format("2006-01-02 15:04 MST"))
	if d := a.Duration; d != nil {
		lasted := "≥ " + (time.Duration(d.Min) * time.Second).String()
		if d.Max != nil {
			lasted += ", ≤ " + (time.Duration(*d.Max) * time.Second).String()
		}
		lines = append(lines, "持续 Lasted: "+lasted)
	}
	return strings.Join(lines, "\n")
}

// address returns where a message is posted, with the robot's own kind of authentication: DingTalk wants a
// signature in the URL, Feishu in the body; WeCom's URL is its secret.
func (h *hook) address(body []byte) (string, []byte, error) {
	key := h.RobotSecret
	if key == "" {
		return h.URL, body, nil
	}
	at := h.now()
	switch h.Format {
	case FormatDingTalk:
		millis := strconv.FormatInt(at.UnixMilli(), 10)
		u, err := url.Parse(h.URL)
		if err != nil {
			return "", nil, fmt.Errorf("webhook %s: %w", h.ID, withoutURL(err))
		}
		q := u.Query()
		q.Set("timestamp", millis)
		q.Set("sign", mac([]byte(key), millis+"\n"+key))
		u.RawQuery = q.Encode()
		return u.String(), body, nil
	case FormatFeishu:
		seconds := strconv.FormatInt(at.Unix(), 10)
		var m map[string]any
		if err := json.Unmarshal(body, &m); err != nil {
			return "", nil, err
		}
		// Feishu uses the text to be signed as the key, and signs nothing with it.
		m["timestamp"], m["sign"] = seconds, mac([]byte(seconds+"\n"+key), "")
		body, err := json.Marshal(m)
		return h.URL, body, err
	}
	return h.URL, body, nil
}

func mac(key []byte, text string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// robotError is what a chat robot's platform says about a message inside an answer with status 200.
type robotError struct {
	code    int
	text    string
	passing bool // the fault is temporary: the same message may be accepted later
}

func (e *robotError) Error() string { return fmt.Sprintf("the robot refuses: %d %s", e.code, e.text) }

// passing lists the codes of temporary faults, according to the platforms' documentation: too many calls per
// minute, hour or day, too many at once, and a system that is busy. Any other code is a refusal of the message
// or the robot: a word that is missing or forbidden, a wrong signature, a robot that was removed from its
// group, a message that is too long.
var passing = map[string][]int{
	FormatWeCom:    {-1, 45009, 45011, 45033},
	FormatDingTalk: {-1, 88, 90002, 90018, 90030, 130101, 410100, 660026},
	FormatFeishu:   {-1, 11232, 11233, 11247, 99991400},
}

// robotAnswer reads what a robot's platform thinks of a message from the body, because the status is always
// 200.
func robotAnswer(w Webhook, body []byte) error {
	var a struct {
		ErrCode int    `json:"errcode"`
		ErrMsg  string `json:"errmsg"`
		Code    int    `json:"code"`
		Msg     string `json:"msg"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return fmt.Errorf("webhook %s: the robot's answer is not understood: %w", w.ID, err)
	}
	code := a.ErrCode
	if code == 0 {
		code = a.Code
	}
	if code == 0 {
		return nil
	}
	return fmt.Errorf("webhook %s: %w", w.ID, &robotError{code, w.masked(a.ErrMsg + a.Msg), slices.Contains(passing[w.Format], code)})
}
