package access_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

const password = "correct horse battery"

// codeOf takes the code out of a link.
func codeOf(t *testing.T, link, kind string) string {
	t.Helper()
	code, ok := strings.CutPrefix(link, "/welcome#"+kind+"=")
	if !ok {
		t.Fatalf("link %q, want one for %s", link, kind)
	}
	return code
}

func setupCode(t *testing.T, db *state.DB, tenant string) string {
	t.Helper()
	link, err := access.SetupLink(context.Background(), db, tenant, noon)
	if err != nil {
		t.Fatal(err)
	}
	return codeOf(t, link, "setup")
}

func setup(t *testing.T, db *state.DB) {
	ctx := context.Background()
	become := func(code, email string, at time.Time) (access.Principal, error) {
		_, p, err := access.Setup(ctx, db, code, access.User{Name: "Li", Email: email}, password, at)
		return p, err
	}
	first := setupCode(t, db, "setup")
	second := setupCode(t, db, "setup")
	if _, err := become(first, "li@setup.example", noon); !errors.Is(err, access.ErrDenied) {
		t.Errorf("a code from before: %v, want ErrDenied", err)
	}
	if _, err := become(second, "nobody", noon); !errors.Is(err, access.ErrUser) {
		t.Errorf("an admin without an address: %v", err)
	}
	// Many at once: one becomes the admin.
	var wg sync.WaitGroup
	won := make(chan access.Principal, 8)
	for i := range cap(won) {
		wg.Go(func() {
			p, err := become(second, strings.Repeat("x", i+1)+"@setup.example", noon)
			if err == nil {
				won <- p
			} else if !errors.Is(err, access.ErrDenied) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d became admin, want 1", len(won))
	}
	if p := <-won; p.Role != access.Admin || p.Identity.Tenant != "setup" || p.Name != "Li" {
		t.Errorf("the admin: %+v", p)
	}
	if link, err := access.SetupLink(ctx, db, "setup", noon); link != "" || err != nil {
		t.Errorf("with an admin there: %q, %v", link, err)
	}
	if _, err := become(setupCode(t, db, "late"), "late@setup.example", noon.Add(25*time.Hour)); !errors.Is(err, access.ErrDenied) {
		t.Errorf("after a day: %v, want ErrDenied", err)
	}
}

// invite makes a user, and gives him with the code of his link.
func invite(t *testing.T, db *state.DB, u access.User) (access.User, string) {
	t.Helper()
	ctx := context.Background()
	var link string
	err := db.Write(ctx, func(tx *state.Tx) (err error) {
		if u, err = access.AddUser(ctx, tx, u, "test", noon); err == nil {
			link, err = access.Invite(ctx, tx, u.Tenant, u.ID, "test", noon)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return u, codeOf(t, link, "password")
}

func people(t *testing.T, db *state.DB) {
	ctx := context.Background()
	u, code := invite(t, db, access.User{Tenant: "people", Email: "Wang@Brand.example", Name: "Wang", Role: access.Manager})
	signIn := func(email, password string, at time.Time) (string, error) {
		session, _, err := access.SignIn(ctx, db, email, password, at)
		return session, err
	}
	if _, err := signIn(u.Email, "", noon); !errors.Is(err, access.ErrDenied) {
		t.Errorf("without a password chosen: %v, want ErrDenied", err)
	}
	if _, _, err := access.ChoosePassword(ctx, db, code, "short", noon); !errors.Is(err, access.ErrPassword) {
		t.Errorf("a short password: %v, want ErrPassword", err)
	}
	want := access.Principal{Name: "Wang", Email: "wang@brand.example", Role: access.Manager, User: u.ID}
	want.Identity.Tenant = "people"
	chosen, got, err := access.ChoosePassword(ctx, db, code, password, noon)
	if err != nil || got != want {
		t.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
	if _, _, err := access.ChoosePassword(ctx, db, code, "another password", noon); !errors.Is(err, access.ErrDenied) {
		t.Errorf("the link again: %v, want ErrDenied", err)
	}
	for _, c := range []struct{ name, email, password string }{
		{"a wrong password", u.Email, password + "x"},
		{"an empty password", u.Email, ""},
		{"somebody else", "nobody@brand.example", password},
		{"nobody", "", ""},
		{"a huge password", u.Email, strings.Repeat("x", 1<<20)},
	} {
		if _, err := signIn(c.email, c.password, noon); !errors.Is(err, access.ErrDenied) {
			t.Errorf("%s: %v, want ErrDenied", c.name, err)
		}
	}
	session, err := signIn(" WANG@brand.example ", password, noon)
	if err != nil {
		t.Fatal(err)
	}
	who := func(session string, at time.Time) error {
		got, err := access.SessionOf(ctx, db, session, at)
		if err == nil && got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		return err
	}
	if err := errors.Join(who(session, noon), who(chosen, noon)); err != nil {
		t.Error(err)
	}
	// Whoever comes back within a week stays signed in for a month; whoever stays away does not.
	for day := 6; day < 30; day += 6 {
		if err := who(session, noon.AddDate(0, 0, day)); err != nil {
			t.Errorf("day %d: %v", day, err)
		}
	}
	if err := who(session, noon.AddDate(0, 0, 30)); !errors.Is(err, access.ErrDenied) {
		t.Errorf("after a month: %v, want ErrDenied", err)
	}
	if err := who(chosen, noon.AddDate(0, 0, 7)); !errors.Is(err, access.ErrDenied) {
		t.Errorf("after a week away: %v, want ErrDenied", err)
	}

	// A new password ends the other sessions and keeps this one.
	here, err1 := signIn(u.Email, password, noon)
	there, err2 := signIn(u.Email, password, noon)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	const another = "another good password"
	if err := access.NewPassword(ctx, db, want, here, "wrong", another, noon); !errors.Is(err, access.ErrDenied) {
		t.Errorf("with a wrong old password: %v", err)
	}
	if err := access.NewPassword(ctx, db, want, here, password, another, noon); err != nil {
		t.Fatal(err)
	}
	if err := who(here, noon); err != nil {
		t.Errorf("this session: %v", err)
	}
	if err := who(there, noon); !errors.Is(err, access.ErrDenied) {
		t.Errorf("the other session: %v, want ErrDenied", err)
	}
	if err := access.SignOut(ctx, db, here); err != nil {
		t.Error(err)
	}
	if err := who(here, noon); !errors.Is(err, access.ErrDenied) {
		t.Errorf("after signing out: %v, want ErrDenied", err)
	}

	// Whoever is shut out is so at once.
	last, err := signIn(u.Email, another, noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Write(ctx, func(tx *state.Tx) error {
		_, err := access.ChangeUser(ctx, tx, "people", u.ID, "Wang", access.Manager, true, "test", noon)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := who(last, noon); !errors.Is(err, access.ErrDenied) {
		t.Errorf("shut out: %v, want ErrDenied", err)
	}
	if _, err := signIn(u.Email, another, noon); !errors.Is(err, access.ErrDenied) {
		t.Errorf("signs in, shut out: %v, want ErrDenied", err)
	}
	var kept string
	if err := db.QueryRow(ctx, "SELECT password FROM users WHERE id = ?", u.ID).Scan(&kept); err != nil || !strings.HasPrefix(kept, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(kept, another) {
		t.Errorf("kept %q, %v: want argon2id", kept, err)
	}
}

func lastAdmin(t *testing.T, db *state.DB) {
	ctx := context.Background()
	_, admin, err := access.Setup(ctx, db, setupCode(t, db, "last"), access.User{Name: "Li", Email: "li@last.example"}, password, noon)
	if err != nil {
		t.Fatal(err)
	}
	change := func(role access.Role, disabled bool) error {
		return db.Write(ctx, func(tx *state.Tx) error {
			_, err := access.ChangeUser(ctx, tx, "last", admin.User, "Li", role, disabled, "test", noon)
			return err
		})
	}
	remove := func(tenant string) error {
		return db.Write(ctx, func(tx *state.Tx) error { return access.RemoveUser(ctx, tx, tenant, admin.User, "test", noon) })
	}
	for name, err := range map[string]error{"demoted": change(access.Viewer, false), "shut out": change(access.Admin, true), "removed": remove("last")} {
		if !errors.Is(err, access.ErrLastAdmin) {
			t.Errorf("%s: %v, want ErrLastAdmin", name, err)
		}
	}
	if err := remove("other"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("another tenant removes him: %v, want ErrNotFound", err)
	}
	if list, err := access.Users(ctx, db, "last"); err != nil || len(list) != 1 || list[0].Role != access.Admin || list[0].DisabledAt != nil {
		t.Errorf("what was refused left a trace: %+v, %v", list, err)
	}
	// One who has not chosen a password yet is no admin to count on; with one, the first may go.
	_, code := invite(t, db, access.User{Tenant: "last", Email: "bo@last.example", Name: "Bo", Role: access.Admin})
	if err := remove("last"); !errors.Is(err, access.ErrLastAdmin) {
		t.Errorf("with an invited admin alone: %v, want ErrLastAdmin", err)
	}
	if _, _, err := access.ChoosePassword(ctx, db, code, password, noon); err != nil {
		t.Fatal(err)
	}
	if err := remove("last"); err != nil {
		t.Error(err)
	}
}

func badUsers(t *testing.T, db *state.DB) {
	ctx := context.Background()
	invite(t, db, access.User{Tenant: "bad", Email: "ann@bad.example", Name: "Ann", Role: access.Viewer})
	for _, c := range []struct {
		name string
		u    access.User
		want error
	}{
		{"no address", access.User{Name: "x", Role: access.Viewer}, access.ErrUser},
		{"an address with a name", access.User{Email: "Bo <bo@bad.example>", Name: "x", Role: access.Viewer}, access.ErrUser},
		{"a line break", access.User{Email: "bo@bad.example\r\nBcc: x@y.z", Name: "x", Role: access.Viewer}, access.ErrUser},
		{"no name", access.User{Email: "bo@bad.example", Role: access.Viewer}, access.ErrUser},
		{"a board", access.User{Email: "bo@bad.example", Name: "x", Role: access.Device}, access.ErrUser},
		{"no role", access.User{Email: "bo@bad.example", Name: "x"}, access.ErrUser},
		{"taken", access.User{Email: "ANN@bad.example", Name: "x", Role: access.Viewer}, access.ErrTaken},
	} {
		c.u.Tenant = "bad"
		err := db.Write(ctx, func(tx *state.Tx) error { _, err := access.AddUser(ctx, tx, c.u, "test", noon); return err })
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for _, p := range []string{"", "short", strings.Repeat("a", 12), "li@p.example", strings.Repeat("ab", 200)} {
		_, _, err := access.Setup(ctx, db, setupCode(t, db, "p"), access.User{Name: "Li", Email: "li@p.example"}, p, noon)
		if !errors.Is(err, access.ErrPassword) {
			t.Errorf("password %.20q: %v, want ErrPassword", p, err)
		}
	}
}
