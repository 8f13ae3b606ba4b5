package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Profile is what a login provider says of somebody.
type Profile struct {
	Provider string // such as google
	Subject  string // the provider's own, lasting id
	Email    string
	Name     string
	Picture  string // a URL
}

// User is somebody who has logged in.
type User struct {
	ID string
	Profile
	Created, LastLogin time.Time
}

const userColumns = `id, provider, subject, email, name, picture, created, last_login`

func scanUser(row scanner) (u User, err error) {
	var created, login int64
	err = row.Scan(&u.ID, &u.Provider, &u.Subject, &u.Email, &u.Name, &u.Picture, &created, &login)
	u.Created, u.LastLogin = when(created), when(login)
	return u, err
}

// UpsertUser notes a login: the user of that provider and subject, made at the first one, with the
// profile as the provider gives it now.
func (s *Store) UpsertUser(ctx context.Context, p Profile) (User, error) {
	const doing = "save user"
	if p.Provider == "" || p.Subject == "" {
		return User{}, fmt.Errorf("%s: %w: a provider and a subject are needed", doing, ErrInvalid)
	}
	now := micros(s.clock())
	return returnedOne(ctx, s, doing, scanUser, `
		INSERT INTO users (`+userColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (provider, subject) DO UPDATE
		SET email = excluded.email, name = excluded.name, picture = excluded.picture, last_login = excluded.last_login
		RETURNING `+userColumns,
		uuid.NewString(), plain(p.Provider), plain(p.Subject), plain(p.Email), plain(p.Name), plain(p.Picture), now, now)
}

// User is the user with that id.
func (s *Store) User(ctx context.Context, id string) (User, error) {
	return one(ctx, s, "read user", scanUser, `SELECT `+userColumns+` FROM users WHERE id = $1`, plain(id))
}

// DeleteUser deletes a user with all that is theirs: characters, sessions with their transcripts,
// facts, figures and the records of their audio. The files are the caller's to delete, see EraseUser.
// Anonymous cannot be deleted: ErrInvalid.
func (s *Store) DeleteUser(ctx context.Context, id string) error {
	const doing = "delete user"
	if id == Anonymous {
		return fmt.Errorf("%s: %w: %s is not a person", doing, ErrInvalid, Anonymous)
	}
	return s.execOne(ctx, doing, `DELETE FROM users WHERE id = $1`, plain(id))
}
