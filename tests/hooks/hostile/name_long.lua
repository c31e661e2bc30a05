-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- __name of many million bytes.

return {
  run = function()
    return #tostring(setmetatable({}, { __name = ("x"):rep(100000000) }))
  end,
}
