#include "rules/rule.h"

#include <array>

namespace parked::rules {

namespace {

// In the order of RuleId.
constexpr std::array kRules = {
    Rule{RuleId::nilChannel, "PK001", "nil channel",
         "make the channel before the goroutine uses it; nil channels are of use in a select only"},
    Rule{RuleId::noWayOut, "PK002", "select with no way out",
         "give the select a case that always comes: ctx.Done(), or a channel that is closed at the "
         "end"},
    Rule{RuleId::firstAnswerWins, "PK003", "several senders, fewer receives",
         "give the channel room for every sender, or receive as often as there are senders"},
    Rule{RuleId::bufferFull, "PK004", "buffer full, receiver gone",
         "make the buffer as large as what is sent after the receiver is gone, or send in a select "
         "with ctx.Done()"},
    Rule{RuleId::sendNobodyReceives, "PK005", "send that nobody receives",
         "receive on every way out, those of errors and timeouts too, or give the channel a buffer "
         "of one"},
    Rule{RuleId::rangeNobodyCloses, "PK006", "range over a channel that nobody closes",
         "close the channel where the last send is: defer close(c)"},
    Rule{RuleId::receiveNobodySends, "PK007", "receive that nobody sends to",
         "send or close on every way out, or receive in a select with ctx.Done()"},
    Rule{RuleId::pullNeverStopped, "PK008", "iter.Pull that is never stopped",
         "defer stop() right after next, stop := iter.Pull(…)"},
    Rule{RuleId::waitGroupNeverDone, "PK020", "WaitGroup that is never done",
         "call Add before the go statement and defer Done first in the goroutine"},
    Rule{RuleId::condNeverSignalled, "PK021", "Cond that nobody signals",
         "Signal or Broadcast after every change of what is waited for, the last one too"},
    Rule{RuleId::lockNeverUnlocked, "PK022", "lock that is never unlocked",
         "defer Unlock right after Lock, so that early returns and panics unlock, too"},
    Rule{RuleId::lockCycle, "PK023", "circle of locks",
         "take the locks in the same order everywhere"},
    Rule{RuleId::onceNeverDone, "PK024", "Once whose function never returns",
         "do not call Do of the same Once inside of its function, nor wait there for who calls it"},
    Rule{RuleId::readersNeverLeave, "PK025", "RWMutex whose readers never leave",
         "defer RUnlock right after RLock, and never RLock again in a goroutine that has the lock: "
         "a writer in between blocks both"},
    Rule{RuleId::semaphoreNeverReleased, "PK026", "semaphore that is never released",
         "defer Release right after Acquire, with the same weight, and Acquire with a context that "
         "ends"},
    Rule{RuleId::errorGroupNeverEnds, "PK027", "errgroup that never ends",
         "let every function of the group return when the context of errgroup.WithContext is done"},
    Rule{RuleId::errorGroupFull, "PK028", "errgroup with no place left",
         "do not call Go from a function of the same group with SetLimit, and let its functions "
         "return when its context is done"},
    Rule{RuleId::lockedAgain, "PK029", "lock taken again by who holds it",
         "Go's locks cannot be taken twice, and an RWMutex that is read cannot be locked for "
         "writing: unlock before, or call a variant that expects the lock to be held"},
    Rule{RuleId::waitCircle, "PK030", "circle of waits",
         "do not send, receive or Wait while you hold what the other side needs to get there: "
         "unlock first, or let somebody else receive before you Wait"},
    Rule{RuleId::timerRearmsItself, "PK040", "AfterFunc that starts itself again for ever",
         "keep the *time.Timer and Stop it when what it serves ends, or use a time.Ticker in a "
         "goroutine that ends with it"},
    Rule{
        RuleId::timersPileUp, "PK041", "many AfterFuncs nobody can stop",
        "keep the *time.Timer and Stop it when it is not needed any more, or let one ticker do the "
        "work of all"},
    Rule{
        RuleId::timeAfterInLoop, "PK042", "time.After in a loop",
        "make one time.NewTimer before the loop and Reset it in each turn; since Go 1.23 abandoned "
        "timers are collected"},
    Rule{RuleId::tickerAbandoned, "PK043", "ticker that nobody receives from",
         "defer ticker.Stop() right after NewTicker, and use time.Tick in what runs for ever only; "
         "since Go 1.23 abandoned tickers are collected"},
    Rule{RuleId::notifyNeverStopped, "PK050", "signal.Notify that is never stopped",
         "defer signal.Stop(c) right after signal.Notify, or use signal.NotifyContext and call its "
         "stop "
         "function"},
    Rule{RuleId::httpBodyOpen, "PK060", "response body never closed",
         "defer response.Body.Close() right after the error check, and read the body to its end if "
         "the connection is to be used again"},
    Rule{RuleId::httpTransportLost, "PK061", "Transport made and dropped",
         "make one http.Client for the program and share it; or CloseIdleConnections when done"},
    Rule{
        RuleId::httpHandshakeHangs, "PK062", "dial or TLS handshake that hangs",
        "set TLSHandshakeTimeout and a DialContext with a Timeout, or give the request a deadline"},
    Rule{RuleId::httpPoolStarved, "PK063", "no connection left under MaxConnsPerHost",
         "find who keeps the connections (see PK060), give requests a deadline, or raise "
         "MaxConnsPerHost"},
    Rule{RuleId::httpServerHandshake, "PK064", "server waits for a client that says nothing",
         "set ReadHeaderTimeout (and ReadTimeout, IdleTimeout) on the http.Server"},
    Rule{RuleId::httpHandlerHangs, "PK065", "HTTP handler that does not return",
         "wait in a select with r.Context().Done(), and give what the handler calls a deadline"},
    Rule{RuleId::httpShutdownWaits, "PK066", "Shutdown that waits for a handler",
         "give Shutdown a context with a deadline and Close the server behind it; let handlers end "
         "with "
         "r.Context() or by RegisterOnShutdown"},
    Rule{RuleId::sqlRowsOpen, "PK080", "sql.Rows never closed",
         "defer rows.Close() right after the error check"},
    Rule{RuleId::sqlTxOpen, "PK081", "sql.Tx never ended",
         "defer tx.Rollback() right after BeginTx; after a Commit it does nothing"},
    Rule{RuleId::sqlConnOpen, "PK082", "sql.Conn never returned",
         "defer conn.Close() right after db.Conn"},
    Rule{RuleId::sqlDbLost, "PK083", "sql.DB opened and dropped",
         "open one DB for the program and share it; or Close it when done"},
    Rule{RuleId::sqlPoolStarved, "PK084", "no connection left under SetMaxOpenConns",
         "find who keeps the connections (PK080 to PK082), and give queries a context with a "
         "deadline"},
    Rule{RuleId::poolStarved, "PK085", "pool whose places are held by who waits for one",
         "do not take a second connection while you hold one: read the rows to their end and close "
         "them first, or use the connection or transaction that you have"},
    Rule{RuleId::poolFull, "PK086", "no connection left in a pool",
         "give back what you got as soon as it is not needed (defer Close or Release), and get one "
         "with a context that has a deadline"},
    Rule{RuleId::fileNeverClosed, "PK090", "os.File never closed",
         "defer file.Close() right after the error check; in a loop, in a function of its own"},
    Rule{RuleId::connNeverClosed, "PK091", "net.Conn never closed",
         "defer conn.Close() right after the error check; close listeners, too"},
    Rule{
        RuleId::commandHeldUp, "PK092", "Wait for a command that has ended",
        "set Cmd.WaitDelay, or give Stdout and Stderr an *os.File: then Wait waits for the command "
        "alone"},
    Rule{RuleId::finalizerStuck, "PK093", "finalizer that blocks all others",
         "let finalizers and cleanups return at once: what may wait (channels, locks, the network) "
         "belongs into a goroutine that they start"},
    Rule{RuleId::cancelNeverCalled, "PK100", "cancel function that is never called",
         "defer cancel() right after WithCancel; go vet -lostcancel finds most of them"},
    Rule{RuleId::contextsPileUp, "PK101", "contexts pile up under one parent",
         "cancel each derived context as soon as its work is done"},
    Rule{RuleId::timeoutNeverCancelled, "PK102", "timeout that outlives its use",
         "defer cancel() right after WithTimeout: the deadline is for the worst case"},
    Rule{
        RuleId::afterFuncNeverStopped, "PK103", "context.AfterFunc that is never stopped",
        "keep what context.AfterFunc returns and call it when the function is not needed any more"},
    Rule{RuleId::clientOrphaned, "PK110", "clients that nobody can close any more",
         "keep what the constructor returned and Close it when it is not needed any more, or make "
         "one for the program and share it"},
    Rule{RuleId::workerOrphaned, "PK111", "workers that nobody can stop any more",
         "keep what stops the worker (its channel, cancel function or handle) and use it when the "
         "work is done"},
    Rule{RuleId::contextOrphaned, "PK112", "contexts that nobody can cancel, with workers below",
         "call the cancel function that came with the context where its work is done, with defer "
         "right after it was made, or give the context a deadline"},
    Rule{RuleId::feederOrphaned, "PK113", "subscriptions whose consumer is gone",
         "let the consumer end the subscription when it leaves (Close, Stop, cancel), with defer "
         "right after it was made"},
    Rule{RuleId::registryGrows, "PK114", "registry that only grows",
         "take the entry out where what it stands for ends, with defer right after it was put in, "
         "and end the goroutine that belongs to it"},
    Rule{
        RuleId::streamAbandoned, "PK120", "gRPC stream neither read to its end nor cancelled",
        "cancel the stream's context when you leave it (defer cancel() right after WithCancel), or "
        "receive until there is an error"},
};

constexpr bool inOrder() {
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    if (static_cast<std::size_t>(kRules[i].id) != i) return false;
    if (i > 0 && kRules[i - 1].name >= kRules[i].name) return false;
  }
  return true;
}
static_assert(inOrder());

}  // namespace

std::span<const Rule> rules() { return kRules; }

const Rule& ruleOf(RuleId id) { return kRules[static_cast<std::size_t>(id)]; }

std::string documentation(const Rule& rule) {
  std::string anchor(rule.name);
  for (char& c : anchor) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return "docs/rules.md#" + anchor;
}

}  // namespace parked::rules
