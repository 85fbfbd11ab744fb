package clerk

import (
	"log/slog"

	"github.com/ThreeDotsLabs/watermill"
)

// RouterLog gives the words that Watermill may say.
func RouterLog(to *slog.Logger) watermill.LoggerAdapter { return routerLog{to} }

// DelayAfter is the wait before a timer comes again.
var DelayAfter = delayAfter
