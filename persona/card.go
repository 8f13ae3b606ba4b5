package persona

import "errors"

// ErrCard says that something is no Tavern card that can be read.
var ErrCard = errors.New("not a character card")
