-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- All bytes of a text at once on the stack.

return {
  run = function()
    return #{ ("x"):rep(2000000):byte(1, -1) }
  end,
}
