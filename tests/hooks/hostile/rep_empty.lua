-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Repeats nothing a hundred million million times.

return {
  run = function()
    return #(""):rep(100000000000000)
  end,
}
