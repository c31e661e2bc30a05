-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- The same by gmatch.

return {
  run = function()
    local n = 0
    for _ in ("a"):rep(10000):gmatch(".-.-.-.-b") do n = n + 1 end
    return n
  end,
}
