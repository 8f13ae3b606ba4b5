package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"
)

// LoginReason is why somebody has not been logged in, in a word that does not change.
type LoginReason string

// The reasons.
const (
	ReasonDenied      LoginReason = "access_denied"        // the person, or the provider for them, said no
	ReasonStale       LoginReason = "login_expired"        // begun too long ago, in another browser, never, or finished already
	ReasonFailed      LoginReason = "login_failed"         // what came back proves nothing
	ReasonProvider    LoginReason = "provider_error"       // the provider does not do its part; the log says which
	ReasonUnavailable LoginReason = "provider_unavailable" // it cannot be reached
)

// LoginError says why somebody has not been logged in.
type LoginError struct {
	Reason LoginReason
	err    error
}

func (e *LoginError) Error() string { return fmt.Sprintf("log in: %s: %v", e.Reason, e.err) }

// Unwrap is the cause.
func (e *LoginError) Unwrap() error { return e.err }

func loginError(reason LoginReason, err error) error { return &LoginError{reason, err} }

// refused is what the provider sends a browser back with instead of a code, see RFC 6749,
// section 4.1.2.1, and OpenID Connect Core 1.0, section 3.1.2.6.
func refused(code, description string) error {
	err := fmt.Errorf("the provider answers %q: %q", code, description)
	switch code {
	case "access_denied", "login_required", "consent_required", "interaction_required", "account_selection_required":
		return loginError(ReasonDenied, err)
	case "temporarily_unavailable":
		return loginError(ReasonUnavailable, err)
	}
	return loginError(ReasonProvider, err)
}

// exchangeError reads the failure of an exchange of a code, see RFC 6749, section 5.2.
func exchangeError(err error) error {
	err = fmt.Errorf("exchange the code: %w", err)
	var answer *oauth2.RetrieveError
	var lost *url.Error
	switch {
	case errors.As(err, &answer) && answer.ErrorCode == "invalid_grant":
		return loginError(ReasonFailed, err)
	case errors.As(err, &answer) && answer.Response.StatusCode < http.StatusInternalServerError:
		return loginError(ReasonProvider, fmt.Errorf("%w; are GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET right?", err))
	case errors.As(err, &answer), errors.As(err, &lost):
		return loginError(ReasonUnavailable, err)
	}
	return loginError(ReasonProvider, err)
}

// verifyError reads the failure of a verification, which may be that of fetching the
// provider's keys.
func verifyError(ctx context.Context, err error) error {
	err = fmt.Errorf("verify the ID token: %w", err)
	if ctx.Err() != nil {
		return loginError(ReasonUnavailable, err)
	}
	return loginError(ReasonFailed, err)
}
