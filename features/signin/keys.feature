Feature: Working keys come with the sign-in
  Each sign-in brings fresh keys under the till's master key: PIK for PINs, MAK for messages, TDK for tracks.
  A key that arrived damaged would show as wrong PINs and wrong MACs all day.

  Background:
    Given till "T1" of "Noodle House" has not signed in

  @SIG-004 @unionpay
  Scenario Outline: Key scheme <scheme> brings DES keys that serve a sale with a PIN
    Given "T1" uses key scheme "<scheme>"
    And the cashier has tried to sign in at "T1"
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows APPROVED
    And Alice's card holds 990.00 CNY
    And the answer to the 1st sign-in carries
      | field | value    |
      | F60.3 | <scheme> |
      | keys  | *        |
    And the 1st sale carries
      | field            | value     |
      | security_control | <control> |
      | mac              | *         |

    Examples:
      | scheme | control          |
      | 001    | 2000000000000000 |
      | 003    | 2600000000000000 |
      | 004    | 2610000000000000 |

  @SIG-004 @unionpay
  Scenario Outline: Key scheme <scheme> brings SM4 keys that serve a sale
    Given "T1" uses key scheme "<scheme>"
    And the cashier has tried to sign in at "T1"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4990.00 CNY
    And the answer to the 1st sign-in carries
      | field | value    |
      | F60.3 | <scheme> |
      | keys  | *        |
    And the 1st sale carries
      | field            | value     |
      | security_control | <control> |
      | mac              | *         |

    Examples:
      | scheme | control          |
      | 005    | 0300000000000000 |
      | 006    | 0310000000000000 |

  @SIG-005
  Scenario Outline: A <key> that does not match its check value keeps the till signed off
    Given "T1" uses key scheme "<scheme>"
    And the line spoils the check value of the <key> in the answer to the 1st sign-in
    When the cashier signs in at "T1"
    Then "T1" shows KEYS_REJECTED
    And "T1" is signed off

    Examples:
      | scheme | key |
      | 003    | PIK |
      | 003    | MAK |

    @unionpay
    Examples:
      | scheme | key |
      | 004    | TDK |

  @SIG-005
  Scenario: The next sign-in brings good keys
    Given the line spoils the check value of the MAK in the answer to the 1st sign-in
    And the cashier has tried to sign in at "T1"
    When the cashier signs in at "T1"
    Then "T1" shows SIGNED_IN
    And "T1" is signed in

  @SIG-005
  Scenario: An approved sign-in without keys is no sign-in
    Given the line takes keys out of the answer to the 1st sign-in
    When the cashier signs in at "T1"
    Then "T1" shows KEYS_REJECTED
    And "T1" is signed off
