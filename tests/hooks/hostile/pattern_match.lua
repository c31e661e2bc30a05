-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- The same by match.

return {
  run = function()
    return ("a"):rep(100000):match(("a-"):rep(50) .. "b") or 1
  end,
}
