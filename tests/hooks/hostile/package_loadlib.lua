-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Loads machine code.

return {
  run = function()
    return package.loadlib("libc.so.6", "system")("id")
  end,
}
