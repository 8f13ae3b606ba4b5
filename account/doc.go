// Package account gives people what the server keeps of them, and takes it away.
//
// # Export
//
// Accounts.Export writes a ZIP file: what the database has as JSON, conversation by conversation, and
// the files as they are. It is written while it is read, page by page, so that it needs no room for the whole and
// holds no transaction open; what is changed meanwhile may be in it or not.
//
// # Erasure
//
// Accounts.Erase deletes a user. The database forgets them in one statement, everything that belongs to
// them included, and from that moment on their tokens are no good and nothing can be stored for them
// anywhere: what still runs finds no owner. Their files follow. Before all of that it is written down in
// the database that an erasure is under way, so that a crash, or files that cannot be deleted for the
// moment, leave it to be gone on with: by Accounts.Tend, at this or any other instance. An hour
// after the beginning it looks a last time for files that somebody was just writing, and forgets the erasure.
//
// All methods may be called from any goroutine, and by several instances on one database.
package account
