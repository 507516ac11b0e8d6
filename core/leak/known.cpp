#include "leak/known.h"

#include <algorithm>
#include <array>

namespace parked::leak {

using golang::ReasonClass;

namespace {

struct Entry {
  std::string_view function;  ///< the whole name, or its start when it ends in '*'
  ReasonClass reason;         ///< none: any
  std::string_view label;
  bool benign;
};

constexpr auto kAny = ReasonClass::none;

// First match wins. Closures ("func1") are named only where the package starts just one.
constexpr std::array kTable = {
    // net/http. A persistConn's readLoop waits in select only while a response body is being read:
    // it stays there when the caller neither drains nor closes the body.
    Entry{"net/http.(*persistConn).readLoop", ReasonClass::ioWait, "HTTP client connection", true},
    Entry{"net/http.(*persistConn).readLoop", ReasonClass::select,
          "HTTP response body not yet read to its end or closed", false},
    Entry{"net/http.(*persistConn).writeLoop", kAny, "HTTP client connection, writer", true},
    Entry{"net/http.(*conn).serve", ReasonClass::ioWait, "HTTP server connection", true},
    Entry{"net/http.(*connReader).backgroundRead", kAny,
          "HTTP server connection, watching for hang-up", true},
    Entry{"net/http.(*http2ClientConn).readLoop", kAny, "HTTP/2 client connection", true},
    Entry{"net/http.(*http2serverConn).readFrames", kAny, "HTTP/2 server connection", true},
    Entry{"net/http/internal/http2.(*ClientConn).readLoop", kAny, "HTTP/2 client connection", true},
    Entry{"net/http/internal/http2.(*serverConn).readFrames", kAny, "HTTP/2 server connection",
          true},
    Entry{"golang.org/x/net/http2.(*ClientConn).readLoop", kAny, "HTTP/2 client connection", true},
    Entry{"golang.org/x/net/http2.(*clientConnReadLoop).run", kAny, "HTTP/2 client connection",
          true},
    Entry{"golang.org/x/net/http2.(*serverConn).readFrames", kAny, "HTTP/2 server connection",
          true},
    // Rest of the standard library.
    Entry{"database/sql.(*DB).connectionOpener", kAny, "database/sql pool", true},
    Entry{"database/sql.(*DB).connectionCleaner", kAny, "database/sql pool", true},
    Entry{"database/sql.(*DB).connectionResetter", kAny, "database/sql pool", true},
    Entry{"database/sql.(*Tx).awaitDone", kAny,
          "open database transaction (waits for Commit, Rollback or its context)", false},
    Entry{"database/sql.(*Rows).awaitDone", kAny, "open sql.Rows (waits for Close or its context)",
          false},
    Entry{"os/signal.loop", kAny, "signal delivery", true},
    Entry{"os/signal.NotifyContext.func1", kAny, "waits for a signal", true},
    Entry{"runtime/pprof.profileWriter", kAny, "CPU profile writer", true},
    Entry{"runtime/trace.Start.func1", kAny, "execution trace writer", true},
    Entry{"log/syslog.*", ReasonClass::ioWait, "syslog", true},
    Entry{"os/exec.(*Cmd).watchCtx.func1", kAny, "waits for a child process or its context", false},
    // Libraries nearly every service links.
    Entry{"google.golang.org/grpc.newClientStreamWithParams.func*", ReasonClass::select,
          "open gRPC client stream", true},
    Entry{"google.golang.org/grpc/internal/transport.(*http2Client).*", kAny,
          "gRPC client connection", true},
    Entry{"google.golang.org/grpc/internal/transport.(*http2Server).keepalive", kAny,
          "gRPC server connection", true},
    Entry{"google.golang.org/grpc/internal/transport.newHTTP2Client.func*", kAny,
          "gRPC client connection", true},
    Entry{"google.golang.org/grpc/internal/transport.NewServerTransport.func*", kAny,
          "gRPC server connection", true},
    Entry{"google.golang.org/grpc/internal/grpcsync.(*CallbackSerializer).run", kAny,
          "gRPC client channel", true},
    Entry{"google.golang.org/grpc.(*ccBalancerWrapper).watcher", kAny, "gRPC client channel", true},
    Entry{"go.opencensus.io/stats/view.(*worker).start", kAny, "OpenCensus worker", true},
    Entry{"go.opentelemetry.io/otel/sdk/trace.NewBatchSpanProcessor.func1", kAny,
          "OpenTelemetry exporter", true},
    Entry{"github.com/golang/glog.(*fileSink).flushDaemon", kAny, "log flusher", true},
    Entry{"github.com/golang/glog.(*loggingT).flushDaemon", kAny, "log flusher", true},
    Entry{"k8s.io/klog.(*loggingT).flushDaemon", kAny, "log flusher", true},
    Entry{"k8s.io/klog/v2.(*loggingT).flushDaemon", kAny, "log flusher", true},
    Entry{"k8s.io/klog/v2.(*flushDaemon).run.func1", kAny, "log flusher", true},
    Entry{"gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun", kAny, "log rotation", true},
    Entry{"github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck", kAny, "pgx pool", true},
    Entry{"github.com/jackc/pgx/v4/pgxpool.(*Pool).backgroundHealthCheck", kAny, "pgx pool", true},
    Entry{"github.com/go-sql-driver/mysql.(*mysqlConn).startWatcher.func1", kAny,
          "MySQL connection", true},
    Entry{"github.com/fsnotify/fsnotify.(*inotify).readEvents", kAny, "file watcher", true},
    Entry{"github.com/fsnotify/fsnotify.(*Watcher).readEvents", kAny, "file watcher", true},
    Entry{"github.com/patrickmn/go-cache.(*janitor).Run", kAny, "cache janitor", true},
};

// "*" as above.
constexpr std::array<std::string_view, 6> kServing = {
    "net/http.(*conn).serve",
    "net/http.(*http2serverConn).runHandler",
    "net/http/internal/http2.(*serverConn).runHandler",
    "golang.org/x/net/http2.(*serverConn).runHandler",
    "net/rpc.(*service).call",
    "google.golang.org/grpc.(*Server).serveStreams.func*",
};

bool fits(std::string_view function, std::string_view entry) {
  return entry.ends_with('*') ? function.starts_with(entry.substr(0, entry.size() - 1))
                              : function == entry;
}

}  // namespace

bool servesRequests(std::string_view function) {
  return std::ranges::any_of(kServing, [&](auto entry) { return fits(function, entry); });
}

Known knownGoroutine(std::string_view function, ReasonClass reason) {
  for (const Entry& entry : kTable) {
    if (entry.reason != kAny && entry.reason != reason) continue;
    if (fits(function, entry.function)) return {entry.label, entry.benign};
  }
  return {};
}

}  // namespace parked::leak
