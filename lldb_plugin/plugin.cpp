// libparked_lldb.so: the command family `parked …` in lldb.
//
//   (lldb) plugin load libparked_lldb.so
#include <exception>
#include <lldb/API/LLDB.h>
#include <memory>
#include <string>
#include <vector>

#include "parked/parked.h"
#include "state.h"

namespace parked::lldb_plugin {
namespace {

constexpr const char* kFamilyHelp =
    "Why is it parked? Goroutine-leak reports from cores and live processes of Go programs.";

class Command : public lldb::SBCommandPluginInterface {
 public:
  Command(std::string name, std::shared_ptr<State> state)
      : name_(std::move(name)), state_(std::move(state)) {}

  bool DoExecute(lldb::SBDebugger debugger, char** arguments,
                 lldb::SBCommandReturnObject& result) override {
    std::string error;
    // lldb is built without exceptions: none may get out.
    try {
      std::vector<std::string> words{name_};
      for (; arguments != nullptr && *arguments != nullptr; ++arguments) {
        words.emplace_back(*arguments);
      }
      Output output(debugger, result);
      state_->run(debugger, std::move(words), output, error);
    } catch (const std::exception& exception) {
      error = exception.what();
    } catch (...) {
      error = "unexpected failure";
    }
    if (!error.empty()) {
      error.insert(0, "parked: ");
      result.SetError(error.c_str());
      return false;
    }
    result.SetStatus(lldb::eReturnStatusSuccessFinishResult);
    return true;
  }

 private:
  std::string name_;
  std::shared_ptr<State> state_;
};

bool addCommands(lldb::SBDebugger& debugger) {
  lldb::SBCommandInterpreter interpreter = debugger.GetCommandInterpreter();
  lldb::SBCommand family = interpreter.AddMultiwordCommand("parked", kFamilyHelp);
  if (!family.IsValid()) return false;
  const auto state = std::make_shared<State>();
  for (const CommandHelp& command : commands()) {
    const std::string syntax = "parked " + command.synopsis;
    // lldb takes the ownership of the command.
    lldb::SBCommand added =
        family.AddCommand(command.name.c_str(), new Command(command.name, state),
                          command.summary.c_str(), syntax.c_str(), "");
    if (added.IsValid()) added.SetHelpLong(commandHelp(command.name).c_str());
  }
  return true;
}

}  // namespace
}  // namespace parked::lldb_plugin

namespace lldb {

// The name lldb looks up; it declares nothing for it.
__attribute__((visibility("default"))) bool PluginInitialize(SBDebugger debugger);

bool PluginInitialize(SBDebugger debugger) {
  try {
    return parked::lldb_plugin::addCommands(debugger);
  } catch (...) {
    return false;
  }
}

}  // namespace lldb
