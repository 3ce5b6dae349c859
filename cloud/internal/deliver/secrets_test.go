package deliver_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// journal is a log that a test reads.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// TestNoSecretIsToldOnFailure: what goes wrong with a target is told without the target's secret, in the
// log, among dead letters and notices and by a test message; whether nobody answers, the answer redirects
// to an address that quotes it, or the target says it back.
func TestNoSecretIsToldOnFailure(t *testing.T) {
	const token = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
	quotes := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"errcode":93000,"errmsg":"no such robot: %s"}`, r.URL)
	}))
	t.Cleanup(quotes.Close)
	moves := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Location"] = []string{"http://[bad" + r.URL.String()}
		w.WriteHeader(http.StatusFound)
	}))
	t.Cleanup(moves.Close)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for target, base := range map[string]string{"nobody answers": "http://" + closed.Addr().String(), "it quotes": quotes.URL, "it redirects": moves.URL} {
		for _, format := range []string{deliver.FormatEvents, deliver.FormatWeCom, deliver.FormatDingTalk, deliver.FormatFeishu} {
			if target == "it quotes" && format == deliver.FormatEvents {
				continue // to a program 200 is 200
			}
			t.Run(target+"/"+format, func(t *testing.T) {
				address := base + "/robot/send?access_token=" + token
				if format == deliver.FormatFeishu {
					address = base + "/open-apis/bot/v2/hook/" + token
				}
				failsInSecret(t, format, address, token)
			})
		}
	}
}

func failsInSecret(t *testing.T, format, address, token string) {
	h, j := newHouse(t), new(journal)
	c := newClock(time.Now().UTC().Format(time.RFC3339))
	secret := ""
	if format == deliver.FormatEvents {
		secret = ", secret: whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	}
	book, err := alert.DecodeRulebook(fmt.Appendf(nil, "version: 1\nrecipients:\n- {role: a, format: %s, url: %q%s}\nnotify:\n- {roles: [a]}\n", format, address, secret))
	if err != nil {
		t.Fatal(err)
	}
	w := h.hook(deliver.Webhook{URL: address, Format: format})
	s := h.start(deliver.Config{AllowPrivate: true, Now: c.now, Sleep: c.sleep, GiveUp: time.Hour, Log: slog.New(slog.NewTextHandler(j, nil)), Book: func(string) *alert.Rulebook { return book }})
	h.sellOut("d1", shelf.Empty)
	told := ""
	for end := time.Now().Add(20 * time.Second); told == ""; {
		dead, err := deliver.DeadLetters(t.Context(), h.db, "t", w.ID, 1)
		if err != nil || time.Now().After(end) {
			t.Fatalf("no dead letter: %v", err)
		}
		if len(dead) > 0 {
			if err := h.db.QueryRow(t.Context(), "SELECT reason FROM dead_letters").Scan(&told); err != nil {
				t.Fatal(err)
			}
		}
	}
	for end := time.Now().Add(20 * time.Second); ; c.pass(time.Hour) {
		list, err := deliver.Notices(t.Context(), h.db, "t", "", "dead", 1)
		if err != nil || time.Now().After(end) {
			t.Fatalf("no dead notice: %v", err)
		}
		if len(list) > 0 {
			told += "\n" + list[0].Reason
			break
		}
	}
	trial, err := s.TryWebhook(t.Context(), "t", w.ID, "")
	if err != nil || trial.Delivered {
		t.Fatalf("%+v, %v", trial, err)
	}
	told += "\n" + trial.Error + "\n" + trial.Answer
	h.stop()
	if told += j.String(); strings.Contains(told, token) {
		t.Errorf("the token is told: %s", told)
	}
	if strings.Contains(trial.Error, "call ") && !strings.Contains(trial.Error, "call 127.0.0.1:") {
		t.Errorf("the host is not told: %s", trial.Error)
	}
}

// TestMailServerThatQuotes: a mail server that says back how it was logged in to has the password told to
// nobody.
func TestMailServerThatQuotes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() { // ends with l
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go quoteMail(conn)
		}
	}()
	h, j := newHouse(t), new(journal)
	w := h.hook(deliver.Webhook{URL: "mailto:a@shop.example", Format: deliver.FormatEmail})
	s := h.start(deliver.Config{Log: slog.New(slog.NewTextHandler(j, nil)), SMTP: deliver.SMTP{Server: l.Addr().String(), From: "c@brand.example", Username: "cooler", Password: "open sesame"}})
	trial, err := s.TryWebhook(t.Context(), "t", w.ID, "")
	h.stop()
	if err != nil || !strings.Contains(trial.Error, "unknown command") || strings.Contains(trial.Error+j.String(), "AGNvb2xlcgBvcGVuIHNlc2FtZQ") {
		t.Errorf("%+v, %v, %s", trial, err, j)
	}
}

func quoteMail(conn net.Conn) {
	defer conn.Close()
	io.WriteString(conn, "220 mail\r\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "EHLO") {
			io.WriteString(conn, "250 mail\r\n")
		} else {
			fmt.Fprintf(conn, "502 unknown command: %s\r\n", lines.Text())
		}
	}
}
