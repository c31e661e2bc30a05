-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Repeats a separator for ever.

return {
  run = function()
    return #(""):rep(1000000000, "x")
  end,
}
