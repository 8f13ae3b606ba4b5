package server_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"avatarforge/internal/servertest"
	"avatarforge/store"
)

// database is where a house keeps what is said and made. Set by TestOnPostgreSQL alone;
// the tests of this package run one after the other.
var database = embedded

// embedded is SQLite in a folder of the test's own. The tables are there already: to make them takes longer
// than many a test.
func embedded(t testing.TB) store.Config {
	t.Helper()
	file, err := tables()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, databaseFile), file, 0o600); err != nil {
		t.Fatal(err)
	}
	return store.Config{Dir: dir}
}

const databaseFile = "avatarforge.db"

// tables is a database without anything in it but its tables.
var tables = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "avatarforge-tables-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	db, err := store.Open(context.Background(), store.Config{Dir: dir})
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, databaseFile))
})

// What is kept in SQLite elsewhere in this package's tests is kept in PostgreSQL here.
func TestOnPostgreSQL(t *testing.T) {
	model := servertest.Postgres(t)
	db, err := store.Open(t.Context(), store.Config{URL: model})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(model)
	if err != nil {
		t.Fatal(err)
	}
	database = func(t testing.TB) store.Config {
		return store.Config{URL: servertest.PostgresWith(t, "TEMPLATE "+strings.TrimPrefix(u.Path, "/"))}
	}
	t.Cleanup(func() { database = embedded })
	for name, test := range map[string]func(*testing.T){
		"chat":                      TestChat,
		"chat goes on":              TestChatGoesOnWithTheServersHistory,
		"chat and WebSocket":        TestChatAndWebSocketShareAHistory,
		"chat speaks":               TestChatSpeaks,
		"sessions":                  TestSessionsOverREST,
		"foreign sessions":          TestForeignSessions,
		"completions":               TestChatCompletions,
		"conversation":              TestConversationOverWebSocket,
		"character requests":        TestSpecificationsCharacterRequests,
		"characters' makers":        TestCharactersBelongToTheirMakers,
		"pages of characters":       TestCharacterPages,
		"a character of one's own":  TestTalkWithOnesOwnCharacter,
		"speech request":            TestSpecificationsSpeechRequest,
		"speech once":               TestSpeechIsSynthesisedOnce,
		"speech files":              TestSpeechFilesBelongToTheirOwners,
		"promised speech":           TestPromisedSpeechOverHTTP,
		"summary":                   TestSummaryOverREST,
		"facts":                     TestFactsOverREST,
		"a login that ends":         TestAWebSocketEndsWithItsLogin,
		"a draft three times again": TestACharacterIsMadeUpAnewThreeTimes,
	} {
		t.Run(name, test)
	}
}
