// The words in which core/leak speaks of machine code; core/arch decodes it.
#pragma once

#include "arch/architecture.h"

namespace parked::leak {

using arch::CallRules;
using arch::Condition;
using arch::Instruction;
using arch::kNoRegister;
using arch::kOtherRegister;
using arch::kRegisters;
using arch::Op;
using arch::Operand;
using arch::Register;

}  // namespace parked::leak
