-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Sends a body of megabytes.

return {
  run = function()
    return http.post("shop", "/", { json = { x = ("x"):rep(2000000) } }).status
  end,
}
