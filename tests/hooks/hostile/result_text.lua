-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- A result of a megabyte.

return {
  run = function()
    return ("x"):rep(1048576)
  end,
}
