Feature: Taps of other schemes
  Visa's kind ends as quickPass does, by rules of its own; Mastercard's makes its cryptogram when it is asked for it, in the field.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @NFC-018 @host-control
  Scenario: A card of Visa's kind makes its cryptogram at once
    When Victor taps his card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field      | value |
      | entry_mode | 072   |
    And the chip data of the 1st sale say
      | tag  | value          |
      | 9F10 | 06011103A01000 |
      | 9F27 | 80             |
    And Victor's chip was never sent "GENERATE AC"
    And Victor's card holds 990.00 CNY

  @NFC-019 @host-control
  Scenario: The no-PIN limit is for cards of its own scheme; the others follow theirs
    Given the chip parameters of "T1" say
      | tag  | value        |
      | DF20 | 000000100000 |
      | DF21 | 000000010000 |
    When Victor taps his card for 200.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the merchant copy of "T1" has
      | line           | value |
      | SLIP_SIGNATURE | *     |
    And Victor's card holds 800.00 CNY

  @NFC-019 @host-control
  Scenario: A quickPass card of that amount signs nothing
    Given the chip parameters of "T1" say
      | tag  | value        |
      | DF20 | 000000100000 |
      | DF21 | 000000010000 |
    When Carol taps her card for 200.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the merchant copy of "T1" has
      | line              | value |
      | SLIP_NO_SIGNATURE | *     |

  @NFC-020 @host-control
  Scenario: A card of Mastercard's kind makes one cryptogram, and hears nothing after it
    Given Max's bank has the chip block the application
    When Max taps his card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field      | value |
      | entry_mode | 072   |
    And Max's chip was given "GENERATE AC" 1 times
    And Max's chip was never sent "EXTERNAL AUTHENTICATE"
    And Max's chip was never sent "APPLICATION BLOCK"
    And Max's card holds 990.00 CNY

  @NFC-020 @host-control
  Scenario: Over its limit its list of verifications holds, and the PIN goes to the issuer
    Given the chip parameters of "T1" say
      | tag  | value        |
      | DF20 | 000000100000 |
      | DF21 | 000000010000 |
    When Max taps his card for 200.00 CNY at "T1"
    Then "T1" shows ENTER_PIN
    And "T1" shows APPROVED
    And the 1st sale carries
      | field      | value |
      | entry_mode | 071   |
      | pin        | *     |
    And Max's chip was given "GENERATE AC" 1 times
    And Max's card holds 800.00 CNY

  @CRD-017 @host-control
  Scenario: What a card lets through in the field counts too
    Given the chip parameters of "T1" say
      | tag  | value        |
      | DF19 | 000000020000 |
    And Victor taps his card for 60.00 CNY at "T1"
    When Victor taps his card for 60.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Victor's card holds 880.00 CNY

  @NFC-021 @unionpay @host-control
  Scenario: What a card has approved in the field reaches the host with its certificate
    Given the chip parameters of "T1" say
      | tag  | value        |
      | DF19 | 000000020000 |
    And Victor taps his card for 60.00 CNY at "T1"
    When Bob swipes 5.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the 1st offline-sale carries
      | field      | value |
      | entry_mode | 072   |
    And the chip data of the 1st offline-sale say
      | tag  | value |
      | 9F27 | 40    |
      | 8A   | 5931  |
    And Victor's card holds 940.00 CNY
    And "Noodle House" is owed 65.00 CNY

  @NFC-022 @unionpay @host-control
  Scenario: A tap has no last cryptogram that could be uploaded
    Given Carol taps her card for 20.00 CNY at "T1"
    When the cashier settles at "T1"
    Then "T1" shows SETTLED
    And these messages went over the wire
      | from | message           | trace | F39 | F60.3 |
      | T1   | settlement        | 3     |     | 201   |
      | host | settlement answer | 3     | 00  | 201   |
      | T1   | upload-end        | 4     |     | 207   |
      | host | upload-end answer | 4     | 00  | 207   |
      | T1   | sign-out          | 5     |     | 002   |
      | host | sign-out answer   | 5     | 00  | 002   |
