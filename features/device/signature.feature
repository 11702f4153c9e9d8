@unionpay
Feature: Signing on the till
  A signature on the pad is worth as much as the acquirer can show of it years later: whole, under the right payment, and nobody
  else's. The payment itself never waits for it.

  Background:
    Given till "T1" of "Noodle House" has not signed in
    And "T1" has a signature pad
    And the cashier has tried to sign in at "T1"

  @ESG-001 @host-control
  Scenario: The picture goes to the host with the payment's reference number, and the receipts say that it was signed
    When Bob swipes 10.00 CNY at "T1"
    And Bob signs at "T1"
    Then "T1" shows APPROVED
    And "T1" shows SIGN
    And "T1" shows SIGNED
    And these messages went over the wire
      | from | message            | trace | F39 | F60.1 | F60.3 |
      | T1   | sale               | 2     |     | 22    | 000   |
      | host | sale answer        | 2     | 00  | 22    | 000   |
      | T1   | e-signature        | 3     |     | 07    | 800   |
      | host | e-signature answer | 3     | 00  | 07    | 800   |
    And the 1st e-signature carries
      | field | value |
      | F37   | *     |
      | F55   | *     |
      | F64   | *     |
    And the host holds Bob's signature under the 1st sale
    And "T1" prints 2 receipts
    And the merchant copy of "T1" has
      | line           | value |
      | SLIP_SIGNED    | *     |
      | SLIP_SIGNATURE |       |
    And Bob's card holds 4990.00 CNY

  @ESG-002 @host-control
  Scenario: A large picture goes in parts
    When Bob swipes 10.00 CNY at "T1"
    And Bob signs at "T1" with a picture of 1200 bytes
    Then "T1" shows SIGNED
    And these messages went over the wire
      | from | message            | trace | F39 | F60.1 | F60.3 |
      | T1   | sale               | 2     |     | 22    | 000   |
      | host | sale answer        | 2     | 00  | 22    | 000   |
      | T1   | e-signature        | 3     |     | 08    | 801   |
      | host | e-signature answer | 3     | 00  | 08    | 801   |
      | T1   | e-signature        | 4     |     | 08    | 802   |
      | host | e-signature answer | 4     | 00  | 08    | 802   |
      | T1   | e-signature        | 5     |     | 07    | 803   |
      | host | e-signature answer | 5     | 00  | 07    | 803   |
    And the host holds Bob's signature under the 1st sale

  @ESG-003 @host-control
  Scenario: A part that comes twice counts once, and the picture is joined in its order
    Given the line breaks before the answer to the 1st e-signature
    When Bob swipes 10.00 CNY at "T1"
    And Bob signs at "T1" with a picture of 1200 bytes
    And Bob swipes 20.00 CNY at "T1"
    And Bob does not sign at "T1"
    Then "T1" shows NOTICE_KEPT
    And the host holds Bob's signature under the 1st sale
    And the host holds no signature under the 2nd sale

  @ESG-003 @host-control
  Scenario: A signature that comes after another payment is put under its own
    Given the line breaks before the 1st e-signature
    And the line breaks before the 2nd e-signature
    When Bob swipes 10.00 CNY at "T1"
    And Bob signs at "T1"
    And Bob swipes 20.00 CNY at "T1"
    And Bob does not sign at "T1"
    And Bob swipes 30.00 CNY at "T1"
    And Bob does not sign at "T1"
    Then "T1" shows APPROVED
    And the host holds Bob's signature under the 1st sale
    And the host holds no signature under the 2nd sale
    And Bob's card holds 4940.00 CNY

  @ESG-004 @host-control
  Scenario: A signature that is not delivered touches no money, outlives a power cut, and goes before the next sale
    Given the line breaks before the 1st e-signature
    When Bob swipes 10.00 CNY at "T1"
    And Bob signs at "T1"
    And "T1" starts again
    And Bob swipes 20.00 CNY at "T1"
    And Bob does not sign at "T1"
    Then "T1" shows APPROVED
    And the host holds Bob's signature under the 1st sale
    And the host has the 1st sale as approved
    And Bob's card holds 4970.00 CNY

  @ESG-005 @host-control
  Scenario: Signatures go before the batch is closed
    Given the line breaks before the 1st e-signature
    When Bob swipes 10.00 CNY at "T1"
    And Bob signs at "T1"
    And the cashier signs out at "T1"
    Then "T1" shows SIGNED_OUT
    And the host holds Bob's signature under the 1st sale

  @ESG-006 @host-control
  Scenario: Who does not sign on the pad signs on paper
    When Bob swipes 10.00 CNY at "T1"
    And Bob does not sign at "T1"
    Then "T1" shows SIGN_ON_PAPER
    And "T1" prints 2 receipts
    And the merchant copy of "T1" has
      | line           | value |
      | SLIP_SIGNED    |       |
      | SLIP_SIGNATURE | *     |
    And the host holds no signature under the 1st sale
    And Bob's card holds 4990.00 CNY

  @ESG-007
  Scenario: No card number goes with a signature
    When Bob swipes 10.00 CNY at "T1"
    And Bob signs at "T1"
    Then "T1" shows SIGNED
    And the 1st e-signature does not hold Bob's card number

  @ESG-008 @host-control
  Scenario: The signature of an offline sale follows the sale
    Given Bob pays 10.00 CNY offline at "T1" with code "654321"
    And Bob signs at "T1"
    When Bob swipes 20.00 CNY at "T1"
    And Bob does not sign at "T1"
    Then these messages went over the wire
      | from | message             | trace | F39 |
      | T1   | offline-sale        | 2     |     |
      | host | offline-sale answer | 2     | 00  |
      | T1   | e-signature         | 3     |     |
      | host | e-signature answer  | 3     | 00  |
      | T1   | sale                | 4     |     |
      | host | sale answer         | 4     | 00  |
    And the host holds Bob's signature under the 1st offline-sale
