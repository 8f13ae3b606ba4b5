package server_test

import (
	"testing"

	"avatarforge/internal/servertest"
	"avatarforge/store"
)

// database is where a house keeps what is said and made. Set by TestOnPostgreSQL alone;
// the tests of this package run one after the other.
var database = func(t testing.TB) store.Config { return store.Config{Dir: t.TempDir()} }

// What is kept in SQLite elsewhere in this package's tests is kept in PostgreSQL here.
func TestOnPostgreSQL(t *testing.T) {
	embedded := database
	database = func(t testing.TB) store.Config { return store.Config{URL: servertest.Postgres(t)} }
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
