package app

import (
	"fmt"
	"io"
	"log/slog"
)

// NewLog makes the log that the configuration asks for. What is logged never holds messages or numbers: those have
// types that print nothing (see flow.Redacted), and errors of callers are not logged at all.
func (c *Config) NewLog(to io.Writer) (*slog.Logger, error) {
	level, err := c.logLevel()
	if err != nil {
		return nil, err
	}
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(to, options)), nil
	}
	return slog.New(slog.NewTextHandler(to, options)), nil
}

func (c *Config) logLevel() (slog.Level, error) {
	switch c.LogLevel {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	default:
		return 0, fmt.Errorf("--log-level is %q: choose debug, info, warn or error", c.LogLevel)
	}
}
