-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- A text of a thousand million bytes.

return {
  run = function()
    return #string.rep("x", 1000000000)
  end,
}
