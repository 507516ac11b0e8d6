// What a Go release does otherwise than those before it, where no layout tells: named, so that
// nobody but this file compares version numbers of the runtime. Go 1.18 to 1.27.
#pragma once

#include "image/build_info.h"

namespace parked::schema {

/// g.labels leads to a map[string]string; since 1.24 to a slice of pairs (runtime/pprof/label.go).
inline bool labelsAreMap(const image::GoVersion& version) { return version.minor <= 23; }

/// Printing inlined calls moves the pc by which a frame's live arguments are then looked up
/// (runtime/traceback.go, printArgs): up to 1.20.
inline bool inlinedCallsMoveThePc(const image::GoVersion& version) { return version.minor <= 20; }

/// Tracebacks treat every injected call alike (runtime/traceback.go, unwindTrap), since 1.21;
/// before, sigpanic only.
inline bool marksEveryInjectedCall(const image::GoVersion& version) { return version.minor >= 21; }

/// The pointer mask of a large type is made when the collector first needs it
/// (abi.TFlagGCMaskOnDemand), since 1.24.
inline bool makesMasksOnDemand(const image::GoVersion& version) { return version.minor >= 24; }

/// A dictionary of a generic belongs to a method, and a shape has the number of its parameter;
/// since 1.20 to a type, and shapes have none (cmd/compile/internal/noder/reader.go, unified IR).
inline bool shapesAreNumbered(const image::GoVersion& version) { return version.minor <= 19; }

/// What is inlined has the name of the function around it, and the literals in it, too
/// (cmd/compile/internal/ir/func.go, closureName), since 1.22: before, a literal of an instance may
/// be a copy in a function that was never handed a dictionary.
inline bool namesLiteralsByOuter(const image::GoVersion& version) { return version.minor >= 22; }

/// What runtime/traceback.go and runtime/stubs print from which release on.
inline bool elidesMiddleFrames(const image::GoVersion& version) { return version.minor >= 21; }
inline bool printsPointers(const image::GoVersion& version) { return version.minor >= 22; }
inline bool showsExportedMethods(const image::GoVersion& version) { return version.minor >= 23; }
inline bool marksDurableWaits(const image::GoVersion& version) { return version.minor >= 25; }
inline bool namesFinalizers(const image::GoVersion& version) { return version.minor >= 25; }
inline bool saysSynctestBubble(const image::GoVersion& version) { return version.minor >= 25; }
inline bool mayPrintLabels(const image::GoVersion& version) { return version.minor >= 26; }
inline bool printsLabelsUnasked(const image::GoVersion& version) { return version.minor >= 27; }
inline bool printsRawBytes(const image::GoVersion& version) { return version.minor >= 27; }

}  // namespace parked::schema
